"""Circuit breakers, driven to their limits: a server that holds what it is sent, and more requests than it may be given."""
import concurrent.futures
import itertools

import audit
from components import changed, eventually
from patient import Patient
import resources

HOST = "patient.demo.internal"
POOL = "/spec/trafficPolicy/connectionPool"
FIRST, MORE = 3, 4  # requests: as many as may be open, and those beyond
WITHIN_S = 10


class Breakers:
    """The gateway before a server of its own, with the component's breakers set low."""

    def __init__(self, hardening):
        self.hardening, self.mesh, self.site = hardening, hardening.mesh, hardening.site
        self.server = self.mesh.add(Patient())

    def attempts(self):
        log = self.hardening.stand.component("audit-log")
        with self.hardening.stand.having(resources.service_entry("patient", HOST, [self.server.port]), log):
            yield "circuit breakers: beyond the open requests 503 at once, and those that are open are answered", self.driven(
                {f"{POOL}/http/http2MaxRequests": FIRST}, {"max_requests": FIRST}, FIRST, "active")
            # Envoy lets each worker have a connection, whatever the limit says, and here one request may wait for one.
            yield "circuit breakers: beyond the connections, and who may wait for one, likewise", self.driven(
                {f"{POOL}/tcp/maxConnections": 1, f"{POOL}/http/http1MaxPendingRequests": 1},
                {"max_connections": 1, "max_pending_requests": 1}, 1, "pending")

    def driven(self, limits, thresholds, at_least, counter):
        """`at_least`: how many come to the server. No limit here lets in more than FIRST."""
        self.counter = f"envoy_cluster_upstream_rq_{counter}_overflow"
        self.mesh.apply(self.hardening.component(changed("DestinationRule", "penstock-servers", limits), host=HOST))
        return eventually(lambda: self.hardening.differs(HOST, thresholds)) or eventually(lambda: self.overflows(at_least))

    def overflows(self, at_least):
        before = self.counted()
        with concurrent.futures.ThreadPoolExecutor(FIRST + MORE) as clients, self.server.holding():
            asked = {clients.submit(self.site.ask, f"Question {number}"): number for number in range(FIRST)}
            if not self.server.has(at_least, WITHIN_S):
                return "the first requests do not come to the server"
            asked |= {clients.submit(self.site.ask, f"Question {number}"): number for number in range(FIRST, FIRST + MORE)}
            # While the others wait.
            at_once = [one.result() for one in itertools.islice(concurrent.futures.as_completed(asked, WITHIN_S), MORE)]
        answered = [one for one in asked if one.result().status == 200]
        if wrong := next((str(answer) for answer in at_once if answer.status != 503), ""):
            return wrong
        if wrong := next((str(one.result()) for one in answered if f"Question {asked[one]}" not in one.result().text), ""):
            return wrong
        return eventually(lambda: self.told(before, len(asked) - len(answered))) or self.goes_on()

    def told(self, before, refused):
        """By Envoy's counter, and in the audit log."""
        told = [now - then for now, then in zip(self.counted(), before)]
        return "" if told == [refused, refused] else f"{refused} were refused; counted and in the log: {told}"

    def counted(self):
        logged = [line for line in audit.lines(self.site.proxy) if line["flags"] == "UO" and line["status"] == 503 and line["attempts"] == 1]
        return self.site.counted(self.counter, cluster_name=f"outbound|80||{HOST}"), len(logged)

    def goes_on(self):
        answer = self.site.ask("What is a fern?")
        return "" if answer.status == 200 else f"after it: {answer}"
