"""New servers of a model, step by step: a canary that is taken back by itself, tenants on one side of an A/B test, blue and green."""
import collections

from components import changed, eventually
from hardening import fault
from load import Load
import resources
import stack
from world import FLEET_HOST

NAMES = [name for name, _ in stack.FLEET]
OLD, NEW = "old", "new"
SHARE = 10  # percent of the canary
REQUESTS = 200
# A worker's share is exact to a request or two at any time, wherever it began; there are two of them.
MARGIN = 8
USERS, EACH = 40, 3
BLUE, GREEN = "blue.demo.internal", "green.demo.internal"


class Rollouts:
    """Of the fleet's three servers the last is the new one."""

    def __init__(self, stand):
        self.stand, self.mesh, self.site = stand, stand.mesh, stand.world.sites["gateway"]
        self.ports = self.mesh.fleet.ports

    def attempts(self):
        canary = self.config({
            "groups": [{"name": OLD, "share": 100 - SHARE}, {"name": NEW, "share": SHARE, "when": {"header": "x-tenant", "value": "acme"}}],
            "split_by": "x-user-id",
            "rollback": {"group": NEW, "to": OLD, "min_requests": 10, "more_errors_percent": 30}})
        with self.stand.having(self.manifests(canary)):
            yield "a canary: the picker", self.stand.loaded(canary)
            yield "a canary gets a tenant's requests", eventually(lambda: self.all_go_to(NEW, **{"x-tenant": "acme"}))
            yield f"a canary gets {SHARE} of 100 requests", self.has_its_share()
            yield "an A/B test: each user stays on one side", eventually(self.users_stay)
            yield from self.rollback()
            yield from self.blue_and_green()
        yield from self.pools()

    def config(self, picker):
        sides = [OLD, OLD, NEW]
        backends = [{"name": name, "address": f"127.0.0.1:{port}", "group": side} for name, port, side in zip(NAMES, self.ports, sides)]
        return {"cluster_picker": {"backends": backends} | picker, "prompt_guard": {}}

    def manifests(self, config):
        return self.stand.filters(config, picks_for=FLEET_HOST)

    def ask(self, number=0, **headers):
        """Which side answered, or what else came."""
        answer = self.site.ask(f"What is {number}?", sim="out=1; ttft=0", **headers)
        record = answer.record() if answer.status == 200 else None
        return {NAMES[0]: OLD, NAMES[1]: OLD, NAMES[2]: NEW}.get(record["backend"]) if record else str(answer)

    def has_its_share(self):
        answered = collections.Counter(self.ask(number) for number in range(REQUESTS))
        near = abs(answered[NEW] - REQUESTS * SHARE / 100) <= MARGIN
        return "" if near and answered.total() == answered[OLD] + answered[NEW] else f"answered by {dict(answered)}"

    def all_go_to(self, side, **headers):
        answered = collections.Counter(self.ask(number, **headers) for number in range(10))
        return "" if answered == {side: 10} else f"answered by {dict(answered)}"

    def users_stay(self):
        sides = {user: {self.ask(**{"x-user-id": f"user-{user}"}) for _ in range(EACH)} for user in range(USERS)}
        both = set().union(*sides.values())
        return "" if both == {OLD, NEW} and all(len(side) == 1 for side in sides.values()) else f"users have {sides}"

    def rollback(self):
        fault(self.ports[2], "PUT", "blackhole=on")
        try:
            yield "a canary that fails is taken back by itself", eventually(self.taken_back)
            yield "whoever was sent there goes to the old servers, and is answered", eventually(lambda: self.all_go_to(OLD, **{"x-tenant": "acme"}))
        finally:
            fault(self.ports[2], "DELETE")
        yield "and stays there until the configuration changes", self.all_go_to(OLD, **{"x-tenant": "acme"})

    def taken_back(self):
        for number in range(20):
            self.ask(number)
            self.ask(number, **{"x-tenant": "acme"})
        return "" if self.site.counted("penstock_picker_rollbacks_total", group=NEW) else "no rollback is counted"

    def blue_and_green(self):
        """While others ask on."""
        load = Load(self.site.proxy.port)
        with load.running():
            for told, group, preview in (("blue", OLD, NEW), ("green, with the next configuration", NEW, OLD)):
                yield f"blue and green: all requests go to {told}, and a preview to the other", self.turned(group, preview)
        yield f"blue and green: {load.sent} requests meanwhile, {load.streams} of them streams: none failed", f"{dict(load.failed)}".strip("{}")

    def turned(self, group, preview):
        config = self.config({"groups": [{"name": group, "share": 100}, {"name": preview, "share": 0, "when": {"header": "x-preview"}}]})
        self.mesh.apply(self.manifests(config))
        wrong = self.stand.loaded(config) or eventually(lambda: self.all_go_to(group))
        return wrong or eventually(lambda: self.all_go_to(preview, **{"x-preview": "1"}))

    def pools(self):
        """Two services with Istio's weights between them, which the picker's shares take the place of."""
        picker = {"steer": "share", "groups": [{"name": OLD, "share": 75}, {"name": NEW, "share": 25, "when": {"header": "x-preview"}}]}
        config, off = self.config(picker), self.config(picker | {"mode": "off"})
        services = [resources.service_entry("blue", BLUE, self.ports[:2]), resources.service_entry("green", GREEN, self.ports[2:])]
        rules = [resources.plain(host.partition(".")[0], host) for host in (BLUE, GREEN)]
        with self.stand.having(*services, *rules, self.stand.component("pools"), self.stand.filters(config)):
            yield "two services, and the picker chooses by its header", self.stand.loaded(config) or eventually(
                lambda: self.all_go_to(NEW, **{"x-preview": "1"}))
            self.mesh.apply(self.stand.component("pools", changed("VirtualService", "penstock-pools", weights(0, 100))))
            self.mesh.apply(self.stand.filters(off))
            yield "two services, and Istio's weights alone turn from blue to green", self.stand.loaded(off) or eventually(lambda: self.all_go_to(NEW))


def weights(*each):
    return {f"/spec/http/0/route/{number}/weight": weight for number, weight in enumerate(each)}


def attempts(stand):
    yield from Rollouts(stand).attempts()
