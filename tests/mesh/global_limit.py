"""Budgets that two gateways share, by Envoy's rate limit service and a real Redis: what one of them used is spent at the other."""
import json

import audit
from components import changed, eventually
import forms
from proofs import MODEL
import proxies
import resources
import stack
from tenants import CLAIM
import tokens

HOST, PORT = "ratelimit.penstock.svc.cluster.local", 8081
CONFIG = {"token_meter": {"tenant": CLAIM, "filter_state": "all", "prices": [{"model": MODEL, "input": 2, "output": 8}]}}
FORMS = {form.proxy: form for form in forms.FORMS if form.folder in ("overlays/gateway", "overlays/egress")}
BUDGETS = "money_month", "tokens_day", "tokens_minute", "requests_minute"
IN, OUT = 30, 20
LIMIT, PLENTY = 3 * (IN + OUT), 10 ** 9  # of tokens; the service refuses once more than that is spent


def limits(folder):
    """The component's budgets, none of which is ever used up but one tenant's. The longest window that there is, so that none ends meanwhile."""
    def rule(budget, amount, **tenant):
        return {"key": "tenant", **tenant, "rate_limit": {"name": budget, "unit": "year", "requests_per_unit": amount}}
    rules = {name: [rule(name, PLENTY)] for name in BUDGETS}
    rules["tokens_day"].append(rule("tokens_day", LIMIT, value="acme"))
    folder.mkdir()
    descriptors = [{"key": "budget", "value": name, "descriptors": tenants} for name, tenants in rules.items()]
    (folder / "config.yaml").write_text(json.dumps({"domain": "penstock", "descriptors": descriptors}))
    return folder


class GlobalLimit:
    """The two gateways are the ingress and the egress gateway: the manifests are applied without the labels that would choose one of them."""

    def __init__(self, stand):
        self.stand, self.mesh, folder = stand, stand.mesh, stand.mesh.folder / "global-limit"
        folder.mkdir()
        self.sites = {name: stand.world.sites[name] for name in FORMS}
        self.login = tokens.Login(folder)
        self.redis = proxies.Redis(folder)
        self.mesh.add(self.redis.program)
        self.service = proxies.Service(folder, self.redis, limits=limits(folder / "limits"))
        self.mesh.add(self.service.program)

    def component(self):
        return self.stand.component("global-limit", changed("EnvoyFilter", "penstock-global-limit", {"/spec/workloadSelector": None}))

    def manifests(self):
        service = resources.service_entry("ratelimit", HOST, [self.service.port], number=PORT, protocol="GRPC")
        tenants = self.stand.component(
            "tenants",
            changed("RequestAuthentication", "penstock-tenants", {
                "/spec/jwtRules/0/jwksUri": None, "/spec/jwtRules/0/jwks": self.login.keys(), "/spec/selector": None}),
            changed("AuthorizationPolicy", "penstock-tenants", {"/spec/selector": None}))
        filters = [self.stand.filters(CONFIG, form) for form in FORMS.values()]
        return service, tenants, self.stand.component("audit-log"), *filters, self.component()

    def attempts(self):
        with self.stand.having(*self.manifests()):
            for name, site in self.sites.items():
                yield f"{name}: the meter", self.stand.loaded(CONFIG, FORMS[name])
                yield f"{name}: in the proxy, field by field", self.stand.kept(self.component(), site.proxy)
                yield f"{name}: reaches the service", eventually(lambda: "" if self.reaches(site) else "not within the time")
            yield "two gateways spend one budget", self.spent_together()
            yield "refused in the shape of the client's API", self.shapes()
            yield "the refusal is in the audit log", self.logged()
            yield "a spoofed tenant header does not help", self.all_answer(429, **{"x-tenant": "globex"})
            yield "another tenant has its own", self.all_answer(200, tenant="globex")
            self.service.kill()
            yield "the service is down: requests go on, and are counted", eventually(lambda: self.all_answer(200)) or eventually(self.let_through)
            self.service.start()
            self.mesh.add(self.service.program)
            yield "it is back, and so is what was spent", eventually(lambda: self.all_answer(429))

    def ask(self, name, tenant="acme", **options):
        return self.sites[name].ask("What is a fern?", sim=f"in={IN}; out={OUT}", **options, **self.login.bearer(tenant))

    def reaches(self, site):
        return f"outbound|{PORT}||{HOST}::127.0.0.1:{self.service.port}::health_flags::healthy" in stack.get(f"{site.proxy.admin}/clusters")

    def spent_together(self):
        """Two requests at each: at three the limit is reached, with the fourth it is passed."""
        for number, name in enumerate([*FORMS, *FORMS], 1):
            answer = self.ask(name)
            if answer.status != 200:
                return f"request {number}, {name}: {answer}"
            used = number * (IN + OUT)
            if wrong := eventually(lambda: "" if (have := self.redis.spent("tokens_day", "acme")) == used else f"booked: {have}, not {used}"):
                return wrong
        return self.all_answer(429)

    def all_answer(self, status, **options):
        answers = [self.ask(name, **options) for name in FORMS]
        return next((str(answer) for answer in answers if answer.status != status or bool(answer.record()) != (status == 200)), "")

    def shapes(self):
        openai, anthropic = (self.ask("gateway", path=path) for path in ("/v1/chat/completions", "/v1/messages"))
        have = [json.loads(answer.text) for answer in (openai, anthropic)]
        right = have[0]["error"]["code"] == have[1]["error"]["code"] == "budget_shared" and "type" not in have[0] and have[1]["type"] == "error"
        return "" if right and int(openai.headers["retry-after"]) > 0 else f"{openai}, {anthropic}"

    def let_through(self):
        have = {name: site.counted("envoy_cluster_ratelimit_failure_mode_allowed") for name, site in self.sites.items()}
        return "" if all(have.values()) else f"counted: {have}"

    def logged(self):
        return audit.differs(self.sites["egress"].proxy, self.ask("egress"), {
            "tenant": "acme", "status": 429, "flags": "RL", "details": "request_rate_limited", "backend": None})


def attempts(stand):
    yield from GlobalLimit(stand).attempts()
