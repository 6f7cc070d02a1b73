"""Requests that are taken in whole, and refused where they are larger than their route allows."""
import audit
from components import changed, eventually
import proofs
import resources
from world import FLEET_HOST

ROUTE, WIDER = 262144, 1048576  # bytes: of the route `llm`, and of all others
LIMITS = {
    "/spec/configPatches/0/patch/value/typed_config/max_request_bytes": WIDER,
    "/spec/configPatches/1/patch/value/typed_per_filter_config/envoy.filters.http.buffer/buffer/max_request_bytes": ROUTE}
CONFIG = {"exchange": {"proxy_buffer_bytes": ROUTE}, "token_meter": {"filter_state": "all"}, "pii_redactor": {}}
OTHER = "documents.example"


class Limits:
    def __init__(self, stand):
        self.stand, self.site = stand, stand.world.sites["gateway"]

    def attempts(self):
        other = resources.routes("documents", "edge", FLEET_HOST, [OTHER])
        other["spec"]["http"][0]["name"] = "documents"
        limits = self.stand.component("limits", changed("EnvoyFilter", "penstock-limits", LIMITS))
        with self.stand.having(other, limits, self.stand.component("audit-log"), self.stand.filters(CONFIG)):
            yield "the filters behind the buffer", self.stand.loaded(CONFIG)
            yield "a request that is larger than its route allows: 413, and the server has none of it", eventually(self.too_large)
            yield "one that is not: whole, with the redactor on it", eventually(self.whole)
            yield "the same on a route that allows more: answered", eventually(lambda: self.answered(ROUTE))
            yield "one that is too large for all: 413", self.refused(self.ask(WIDER, host=OTHER))

    def ask(self, size, **options):
        return self.site.ask("fern " * (size // 5), **options)

    def refused(self, answer):
        return f"not 413: {answer}" if answer.status != 413 else "it reached the fleet" if answer.record() else ""

    def too_large(self):
        answer = self.ask(ROUTE)
        return self.refused(answer) or audit.differs(self.site.proxy, answer, {"status": 413, "details": "request_payload_too_large", "backend": None})

    def whole(self):
        prompt = "fern " * (ROUTE // 6) + proofs.ADDRESS
        answer = self.site.ask(prompt, sim="content=echo; tpot=0")
        if answer.status != 200 or proofs.ADDRESS in answer.seen():
            return str(answer)
        return "" if answer.said() == prompt else f"{len(answer.said())} bytes came back of {len(prompt)}"

    def answered(self, size):
        answer = self.ask(size, host=OTHER)
        return "" if answer.status == 200 else str(answer)


def attempts(stand):
    yield from Limits(stand).attempts()
