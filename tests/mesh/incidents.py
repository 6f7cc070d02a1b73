"""An incident: the guard steps back for one tenant, or on one route, while everybody else asks on. No roll-out, nothing fails."""
from components import eventually
from load import Load
from proofs import ATTACK
from proving import until
import resources
from world import FLEET_HOST

TENANT, ROUTE, ROUTE_HOST = "acme", "research", "research.example"
EACH = 80  # requests after each measure
MEASURES = {
    "shadow for one tenant": [{"tenants": [TENANT], "action": "alert"}],
    "off on one route": [{"routes": [ROUTE], "action": "pass"}],
    "as before": []}


def config(policies):
    return {"prompt_guard": {"tenant": {"header": "x-tenant"}, "policies": policies}}


class Incidents:
    def __init__(self, stand):
        self.stand, self.site = stand, stand.world.sites["gateway"]

    def attempts(self):
        route = resources.routes("research", "edge", FLEET_HOST, [ROUTE_HOST])
        route["spec"]["http"][0]["name"] = ROUTE
        with self.stand.having(route, self.stand.filters(config([]))):
            yield "the guard refuses an attack of each", self.stand.loaded(config([])) or eventually(lambda: self.refuses(True, True, True))
            load = Load(self.site.proxy.port)
            with load.running():
                for (what, policies), expected in zip(MEASURES.items(), ((False, True, True), (True, False, True), (True, True, True))):
                    yield f"under load, {what}", self.takes_effect(policies, expected) or await_requests(load, load.sent + EACH)
            told = f"{load.sent} requests meanwhile, {load.streams} of them streams, {load.attacks} attacks of others"
            yield f"{told}: none failed, no attack came through", f"{dict(load.failed)}".strip("{}")

    def takes_effect(self, policies, expected):
        self.stand.mesh.apply(self.stand.filters(config(policies)))
        return self.stand.loaded(config(policies)) or eventually(lambda: self.refuses(*expected))

    def refuses(self, tenant, route, others):
        """Whether an attack of the tenant, on the route, and of anybody else is refused."""
        asked = [{"x-tenant": TENANT}, {"host": ROUTE_HOST}, {"x-tenant": "globex"}]
        have = [self.site.ask(ATTACK, **headers).status for headers in asked]
        want = [400 if refused else 200 for refused in (tenant, route, others)]
        return "" if have == want else f"the tenant, the route and others get {have}, not {want}"


def await_requests(load, number):
    """So that a measure has traffic after it, too."""
    return until(lambda: load.sent >= number, "clients have stopped asking")


def attempts(stand):
    yield from Incidents(stand).attempts()
