"""Who calls, and what he may: a token's claim is the tenant of everything, and what a client says of itself has no effect."""
from components import changed, eventually
from proofs import ATTACK, MODEL, Answer
from tokens import Login

CLAIM = {"jwt_claim": ["payload", "tenant"]}
REQUESTS = 12  # a tenant's budget
CONFIG = {
    "token_meter": {
        "tenant": CLAIM, "filter_state": "all", "prices": [{"model": MODEL, "input": 2, "output": 8}],
        "gates": [{"models": ["gpt-4.1*", "o3", "text-embedding-3-*"]}, {"scope": {"tenants": ["globex"]}, "models": ["gpt-4.1*"]}],
        "budgets": [{"name": "calls", "key": ["tenant"], "unit": "requests", "limit": REQUESTS, "window": {"per": "day"}}]},
    "prompt_guard": {"tenant": CLAIM, "tools": {"allow": [{"tenants": ["globex"], "names": ["search_*"]}]}},
    "pii_redactor": {}}


class Tenants:
    def __init__(self, stand):
        self.stand, self.site = stand, stand.world.sites["gateway"]
        self.login, self.stranger = Login(stand.mesh.folder), Login(stand.mesh.folder, "stranger")

    def manifests(self, config=CONFIG):
        keys = {"/spec/jwtRules/0/jwksUri": None, "/spec/jwtRules/0/jwks": self.login.keys()}
        return self.stand.component("tenants", changed("RequestAuthentication", "penstock-tenants", keys)), self.stand.filters(config)

    def attempts(self):
        with self.stand.having(*self.manifests()):
            yield "the filters behind JWT and RBAC", self.stand.loaded(CONFIG)
            yield "without a token: 403", eventually(lambda: refused(self.ask(), 403))
            yield "with a token that somebody else signed: 401", refused(self.ask(self.stranger.bearer("acme")), 401)
            yield "with a token that is over: 401", refused(self.ask(self.login.bearer("acme", lasts_s=-3600)), 401)
            yield "with the token of a tenant without a rule: 403", refused(self.ask(self.login.bearer("initech")), 403)
            yield "with a good token: the server knows the tenant and not the token", self.good_token()
            yield "an API that is not the tenant's: 403 by Istio", refused(self.ask(self.login.bearer("globex"), path="/v1/responses"), 403)
            yield "a model that is nobody's: 403 by the meter", refused(self.ask(self.login.bearer("acme"), model="mystery"), 403, "model_not_allowed")
            yield "a model that is not this tenant's: 403 by the meter, and another's 200", self.model_of_others()
            yield "a tool that is not this tenant's: 400 by the guard", self.tool_of_others()
            yield "an attack of somebody who may call: 400 by the guard", refused(self.ask(self.login.bearer("acme"), ATTACK), 400, "injection")
            yield "a spoofed tenant header has no effect on labels", self.spoofed_label()
            yield "a spoofed tenant header has no effect on budgets", self.spoofed_budget()

    def ask(self, headers=None, prompt="What is a fern?", **options):
        return self.site.ask(prompt, **options, **(headers or {}))

    def good_token(self):
        answer = self.ask(self.login.bearer("acme"))
        if answer.status != 200:
            return str(answer)
        sent = answer.record()["request_headers"]
        return "" if sent.get("x-tenant") == "acme" and "authorization" not in sent else f"the server was sent {sorted(sent.items())}"

    def model_of_others(self):
        mine = self.ask(self.login.bearer("acme"), model="o3")
        return refused(self.ask(self.login.bearer("globex"), model="o3"), 403, "model_not_allowed") or ("" if mine.status == 200 else f"acme: {mine}")

    def tool_of_others(self):
        mine, theirs = (self.call_with_tool(tenant, "delete_orders") for tenant in ("acme", "globex"))
        allowed = self.call_with_tool("globex", "search_orders")
        wrong = next((str(answer) for answer in (mine, allowed) if answer.status != 200), "")
        return wrong or refused(theirs, 400, "tool_not_allowed")

    def call_with_tool(self, tenant, name):
        tool = {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Look up my orders."}], "tools": [tool]}
        return Answer(self.site, "/v1/chat/completions", body, {"host": self.site.host} | self.login.bearer(tenant))

    def spoofed_label(self):
        def counted(tenant):
            return self.site.counted("penstock_requests_total", tenant=tenant, outcome="complete")
        before = [counted("acme"), counted("globex")]
        answer = self.ask(self.login.bearer("acme") | {"x-tenant": "globex"})
        if answer.status != 200 or answer.record()["request_headers"].get("x-tenant") != "acme":
            return f"the server was told of another: {answer}"
        return eventually(lambda: "" if [counted("acme"), counted("globex")] == [before[0] + 1, before[1]] else "it is counted for another")

    def spoofed_budget(self):
        """acme spends what it has; another name on its requests does not help, and the owner of that name has all of its own."""
        answers = [self.ask(self.login.bearer("acme") | {"x-tenant": "globex"}) for _ in range(REQUESTS)]
        other = self.ask(self.login.bearer("globex"))
        return refused(answers[-1], 429, "budget_calls") or ("" if other.status == 200 else f"globex: {other}")


def refused(answer, status, code=""):
    if answer.status != status or code not in answer.text:
        return f"not {status} {code}: {answer}"
    return "it reached the fleet" if answer.record() else ""


def attempts(stand):
    yield from Tenants(stand).attempts()
