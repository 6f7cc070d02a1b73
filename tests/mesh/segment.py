"""A segment for each tenant: a workload of one does not reach the model server of the other, not even where its proxy lets it try."""
import audit
from components import changed, eventually
import kube
from proofs import Site
from proxy import Proxy
import resources
import stack

OWN, OTHER = "globex", "acme"
HOST = f"models.{OWN}.internal"
FORGED = {"x-forwarded-client-cert": f"URI=spiffe://cluster.local/ns/{OWN}/sa/{OWN}-app-account"}


class Segment:
    """A model server of one tenant behind its proxy, and a workload of each tenant. Ports are free ones, since there are no iptables."""

    def __init__(self, stand):
        self.stand, self.mesh = stand, stand.mesh
        self.mesh.apply(*(kube.namespace(name) for name in (OWN, OTHER)))
        self.server = self.start("models", OWN)
        self.ports = {tenant: stack.free_port() for tenant in (OWN, OTHER)}
        self.apps = {tenant: self.start(f"{tenant}-app", tenant) for tenant in (OWN, OTHER)}
        self.sites = {tenant: Site(app, self.mesh.fleet, f"http://127.0.0.1:{self.ports[tenant]}", HOST) for tenant, app in self.apps.items()}

    def start(self, name, namespace):
        return self.mesh.add(Proxy(self.mesh, name, "sidecar", {"app": name}, namespace).start())

    def attempts(self):
        segments = [self.component(tenant) for tenant in (OWN, OTHER)]
        with self.stand.having(*self.services(), *segments, *(self.stand.component("audit-log", namespace=tenant) for tenant in (OWN, OTHER))):
            yield "a workload of the tenant reaches its model server", eventually(lambda: status(self.ask(OWN), 200))
            yield "a workload of another knows of no such host: 502, and its log says so", eventually(self.out_of_sight)
            self.mesh.apply(self.component(OTHER, sees="*/*"))
            yield "where its proxy would let it through: 403, and the server's log says who it was", eventually(self.refused)
            yield "a forged header of a certificate does not help", status(self.ask(OTHER, **FORGED), 403)
            yield "without a certificate: no answer", Site(self.server, self.mesh.fleet).unanswered()
            yield "the tenant's own workload goes on", status(self.ask(OWN), 200)
        for one in (self.server, *self.apps.values()):
            self.mesh.remove(one)

    def component(self, tenant, sees=None):
        listener = {"bind": "127.0.0.1", "captureMode": "NONE", "port": {"number": self.ports[tenant], "protocol": "HTTP", "name": "http"}}
        values = {f"/spec/egress/0/{name}": value for name, value in listener.items()}
        return self.stand.component(
            "segment", changed("AuthorizationPolicy", "penstock-segment", {"/spec/rules/0/from/0/source/namespaces": [tenant]}),
            changed("Sidecar", "default", values | ({"/spec/egress/0/hosts": [sees]} if sees else {})), namespace=tenant)

    def services(self):
        """The tenants' model servers; the other's has no proxy. In a cluster they are Services."""
        pod = resources.sidecar("models", self.server.labels, self.server.port, self.mesh.fleet.ports[0])
        rule = resources.networking("DestinationRule", "models", {"host": HOST, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}})
        entries = [self.entry(OWN, self.server.port), self.entry(OTHER, self.mesh.fleet.ports[0])]
        for one, tenant in zip((pod, rule, *entries), (OWN, OWN, OWN, OTHER)):
            one["metadata"]["namespace"] = tenant
        return pod, rule, *entries

    def entry(self, tenant, port):
        """On the port of each listener that is called here."""
        entry = resources.service_entry("models", f"models.{tenant}.internal", [])
        ports = {f"http-{caller}": number for caller, number in self.ports.items()}
        entry["spec"]["ports"] = [{"number": number, "name": name, "protocol": "HTTP"} for name, number in ports.items()]
        entry["spec"]["endpoints"] = [{"address": "127.0.0.1", "ports": dict.fromkeys(ports, port)}]
        return entry

    def ask(self, tenant, **headers):
        return self.sites[tenant].ask("What is a fern?", **headers)

    def out_of_sight(self):
        answer = self.ask(OTHER)
        return status(answer, 502) or audit.differs(self.apps[OTHER], answer, {"host": HOST, "details": "direct_response", "backend": None})

    def refused(self):
        answer = self.ask(OTHER)
        who = f"spiffe://cluster.local/ns/{OTHER}/sa/{OTHER}-app-account"
        return status(answer, 403) or audit.differs(self.server, answer, {
            "workload": who, "status": 403, "details": "rbac_access_denied_matched_policy[none]", "backend": None})


def status(answer, want):
    if answer.status != want:
        return f"not {want}: {answer}"
    return "" if bool(answer.record()) == (want == 200) else "the fleet knows otherwise"


def attempts(stand):
    yield from Segment(stand).attempts()
