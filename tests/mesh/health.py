"""A server that takes connections and never answers gets no request, before a client has met it, and is asked again once it is well."""
from components import changed, eventually
from hardening import fault
import stack

HOST = "llm.demo.internal"
CONFIG = {"prompt_guard": {}}
CHECK = "/spec/configPatches/0/patch/value/health_checks/0"
REQUESTS = 12  # four for each server, were all of them asked


class Health:
    def __init__(self, stand):
        self.stand, self.mesh, self.site = stand, stand.mesh, stand.world.sites["gateway"]
        self.port, self.name = self.mesh.fleet.ports[0], stack.FLEET[0][0]

    def component(self):
        """Checks come more often, so that nobody has to wait for them."""
        return self.stand.component("health", changed("EnvoyFilter", "penstock-health", {
            f"{CHECK}/{name}": "0.5s" for name in ("interval", "no_traffic_interval")}))

    def attempts(self):
        with self.stand.having(self.component(), self.stand.filters(CONFIG)):
            yield "the filters", self.stand.loaded(CONFIG)
            yield "in the proxy, field by field", self.stand.kept(self.component(), self.site.proxy)
            yield "all servers are well, and asked", eventually(lambda: self.well(3)) or self.asked(self.name)
            fault(self.port, "PUT", "hang=on")
            try:
                yield "one hangs: it is found out without a request", eventually(lambda: self.well(2))
                yield "no request goes there, all are answered by the others", self.left_alone()
            finally:
                fault(self.port, "DELETE")
            yield "it is well again, and asked", eventually(lambda: self.well(3)) or self.asked(self.name)
            for port in self.mesh.fleet.ports:
                fault(port, "PUT", "hang=on")
            try:
                yield "none is well: 503 at once", eventually(lambda: self.well(0)) or eventually(self.nobody)
            finally:
                for port in self.mesh.fleet.ports:
                    fault(port, "DELETE")

    def well(self, number):
        """By Envoy's own page, and by the gauge that Prometheus gets."""
        page = stack.get(f"{self.site.proxy.admin}/clusters")
        have = [sum(f"outbound|80||{HOST}::127.0.0.1:{port}::health_flags::healthy" in page for port in self.mesh.fleet.ports),
                self.site.counted("envoy_cluster_health_check_healthy", cluster_name=f"outbound|80||{HOST}")]
        return "" if have == [number, number] else f"{have[0]} are well, counted as {have[1]}"

    def backends(self):
        answers = [self.site.ask("What is a fern?") for _ in range(REQUESTS)]
        return [(answer.record() or {}).get("backend") if answer.status == 200 else str(answer) for answer in answers]

    def asked(self, name):
        """Chance decides who is asked, so it may take some requests."""
        return eventually(lambda: "" if name in self.backends() else "it is not asked")

    def left_alone(self):
        others = {name for name, _ in stack.FLEET[1:]}
        have = set(self.backends())
        return "" if have <= others else f"asked: {have}"

    def nobody(self):
        answer = self.site.ask("What is a fern?")
        return "" if answer.status == 503 and "no healthy upstream" in answer.text else str(answer)


def attempts(stand):
    yield from Health(stand).attempts()
