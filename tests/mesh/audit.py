"""The access log as audit log: a line for each request, with who, what, how much and why not, and nothing of what was said."""
import json
import time

from components import Stand, eventually
from proofs import ATTACK, MODEL
from tenants import CONFIG, Tenants

# Tenants without budgets: what others have spent does not matter here.
OPEN = CONFIG | {"token_meter": {name: value for name, value in CONFIG["token_meter"].items() if name != "budgets"}}
MARK = "zanzibar-4711"  # in prompts and answers, and so nowhere in a log
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
WITHIN_S = 60


def lines(proxy):
    """All lines so far that are written to their end."""
    written = proxy.logged().rpartition("\n")[0]
    return [json.loads(text) for text in written.splitlines() if text.startswith("{")]


def line(proxy, request_id):
    """The line of a request, once the proxy has written it."""
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        for found in lines(proxy):
            if found["request_id"] == request_id:
                return found
        time.sleep(0.2)
    return {}


def differs(proxy, answer, want):
    """What a request's line does not say as it should. `...` stands for anything that is there."""
    have = line(proxy, answer.id)
    wrong = {name: have.get(name) for name, value in want.items() if (not have.get(name) if value is ... else have.get(name) != value)}
    return f"the line has {wrong}" if wrong else ""


class Audit:
    def __init__(self, stand: Stand):
        self.stand, self.tenants = stand, Tenants(stand)
        self.proxy = stand.world.proxies["gateway"]
        self.bearer = self.tenants.login.bearer("acme") | {"traceparent": TRACE}

    def attempts(self):
        with self.stand.having(self.stand.component("audit-log"), *self.tenants.manifests(OPEN)):
            yield "the filters", self.stand.loaded(OPEN)
            yield "lines are written", eventually(lambda: "" if line(self.proxy, self.ask().id) else "there is no line")
            yield "a metered request: who, what, how much, from where", self.metered()
            yield "a request that the guard refused: the rule", self.refused_by_guard()
            yield "a request for a model that is not allowed: the code", self.refused_by_meter()
            yield "a request without a token: refused by Istio", self.refused_by_istio()
            yield "nothing of what was said, no token, no query", self.silent()

    def ask(self, prompt=f"What is {MARK}?", path="/v1/chat/completions?key=" + MARK, **options):
        return self.tenants.ask(self.bearer, prompt, path=path, **options)

    def metered(self):
        answer = self.ask(f"Tell ana.{MARK}@example.org", sim="in=30; out=20; content=echo")
        return differs(self.proxy, answer, {
            "request_id": answer.id, "tenant": "acme", "subject": "ana@acme", "model": MODEL, "api": "openai_chat", "input_tokens": "30",
            "output_tokens": "20", "cost": "0.00022", "currency": "USD", "outcome": "complete", "denied": None, "pii": ..., "status": 200,
            "route": "llm", "cluster": "outbound|80||llm.demo.internal", "backend": ..., "host": "llm.example", "path": "/v1/chat/completions",
            "traceparent": ...})

    def refused_by_guard(self):
        answer = self.ask(f"{ATTACK} {MARK}")
        want = {"tenant": "acme", "denied": "prompt_guard:prompt_guard", "guard": ..., "status": 400, "backend": None}
        return differs(self.proxy, answer, want)

    def refused_by_meter(self):
        return differs(self.proxy, self.ask(model="mystery"), {"tenant": "acme", "denied": "token_meter:model_not_allowed", "status": 403})

    def refused_by_istio(self):
        answer = self.tenants.ask(prompt=MARK)
        return differs(self.proxy, answer, {"status": 403, "details": "rbac_access_denied_matched_policy[none]", "tenant": None, "backend": None})

    def silent(self):
        log = self.proxy.logged()
        return next((f"the log has {what}" for what, text in {
            "words of the exchange": MARK, "the token": self.bearer["authorization"].split(".")[1], "its signature": self.bearer["authorization"][-40:],
        }.items() if text in log), "")


def attempts(stand):
    yield from Audit(stand).attempts()
