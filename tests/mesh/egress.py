"""The way out: only hosts that somebody has named, only by the egress gateway, with guard and redactor on it."""
import functools

import audit
from components import changed, eventually
import forms
import proofs
import resources
import stack
from transport import Transport

HOST, GATEWAY, SHADOW = "api.openai.com", "istio-egressgateway.istio-system.svc.cluster.local", "api.shadow-ai.example"
FORM = next(form for form in forms.FORMS if form.folder == "overlays/egress")
CONFIG = {
    "token_meter": {"tenant": {"source_principal": "uri_san"}, "filter_state": "all"}, "prompt_guard": {}, "pii_redactor": {}}
AGENT = "spiffe://cluster.local/ns/demo/sa/agent-account"


class Egress:
    """An application's proxy, `agent`, and the egress gateway. Ports are free ones, and the provider is the fleet, which speaks no TLS."""

    def __init__(self, stand):
        self.stand, self.mesh, self.gateway = stand, stand.mesh, stand.world.proxies["egress"]
        # Where the application calls its proxy, and where the egress gateway listens.
        self.port, self.gateway_port = stack.free_port(), stack.free_port()
        self.agent = self.mesh.sidecar("agent")
        self.site = proofs.Site(self.agent, self.mesh.fleet, f"http://127.0.0.1:{self.port}", HOST)
        self.at_gateway = proofs.Site(self.gateway, self.mesh.fleet, f"http://127.0.0.1:{self.gateway_port}", HOST)

    def manifests(self, principals=("cluster.local/ns/demo/sa/agent-account",), fleet=None, transport=None):
        """`principals`: the workloads that may leave. `fleet`: the provider, which speaks no TLS, or else `transport`, before ours."""
        port = (fleet or self.mesh.fleet).ports[0]
        servers = [{"address": "127.0.0.1", "ports": {"http": port, "https": transport.front.port if transport else port}}]
        tls = {"/caCertificates": str(transport.authority)} if transport else {"": {"mode": "DISABLE"}}
        component = self.stand.component(
            "egress",
            changed("ServiceEntry", "penstock-provider", {
                "/spec/resolution": "STATIC", "/spec/endpoints": servers, "/spec/ports/0/number": self.port}),
            changed("DestinationRule", "penstock-provider", {f"/spec/trafficPolicy/portLevelSettings/0/tls{path}": value for path, value in tls.items()}),
            changed("Gateway", "penstock-egress", {"/spec/servers/0/port/number": self.gateway_port}),
            changed("AuthorizationPolicy", "penstock-egress", {"/spec/rules/0/from/0/source/principals": list(principals)}),
            # Without iptables to catch what the application sends, a listener for it to call.
            changed("Sidecar", "default", {
                "/spec/workloadSelector": {"labels": self.agent.labels}, "/spec/egress/0": {
                    "bind": "127.0.0.1", "captureMode": "NONE", "port": {"number": self.port, "protocol": "HTTP", "name": "http"}, "hosts": [f"./{HOST}"]}}))
        gateway = resources.service_entry("egress-gateway", GATEWAY, [self.gateway_port], number=443, protocol="HTTPS")
        return component, self.stand.component("audit-log"), self.stand.component("shadow-ai"), self.stand.filters(CONFIG, FORM), gateway

    def attempts(self):
        with self.stand.having(*self.manifests()):
            yield "the filters on the egress gateway", self.stand.loaded(CONFIG, FORM)
            yield "a host that is on the list: through both proxies, answered", eventually(lambda: answered(self.ask()))
            yield "the redactor is on the way", proofs.masked(self.site)
            yield "the guard is on the way", proofs.denied(self.site)
            yield "the tenant is the identity in the workload's certificate", self.named_by_certificate()
            yield "a host that is not on the list: 502, and nothing leaves", self.refused()
            yield "it is named and counted in the audit log of who asked", self.shadow_ai()
            yield "past the application's proxy: no connection to the gateway without a certificate", self.at_gateway.unanswered()
            yield from Transport(self, HOST).attempts()
            self.mesh.apply(self.manifests(["cluster.local/ns/demo/sa/somebody-else"])[0])
            yield "a workload that may not leave: 403 at the egress gateway", eventually(self.not_mine)

    def ask(self, host=HOST):
        return self.site.ask("What is a fern?", host=host)

    def named_by_certificate(self):
        return audit.differs(self.gateway, self.ask(), {"tenant": AGENT, "workload": AGENT, "host": HOST, "status": 200, "outcome": "complete"})

    def refused(self):
        answer = self.ask(SHADOW)
        return f"not 502: {answer}" if answer.status != 502 else "it reached the fleet" if answer.record() else ""

    def shadow_ai(self):
        before, answer = self.counted(), self.ask(SHADOW)
        if self.counted() != before + 1:
            return f"the metric was {before}, and is {self.counted()}"
        wrong = audit.differs(self.agent, answer, {"host": SHADOW, "status": 502, "details": "direct_response", "backend": None})
        return wrong or eventually(lambda: "" if shadows(self.agent).get(SHADOW) == 2 else f"counted: {shadows(self.agent)}")

    def counted(self):
        return self.site.counted("envoy_penstock_hosts_denied_total", host=SHADOW)

    def not_mine(self):
        answer = self.ask()
        return "" if answer.status == 403 and not answer.record() else f"not 403: {answer}"


def shadows(proxy):
    """Hosts that were asked for and are on no list, with how often. One that was asked for before its list came is among them."""
    counts = {}
    for line in audit.lines(proxy):
        if line["details"] == "direct_response":
            counts[line["host"]] = counts.get(line["host"], 0) + 1
    return counts


def answered(answer):
    return "" if answer.status == 200 and answer.record() else str(answer)


@functools.cache
def here(stand):
    return Egress(stand)


def attempts(stand):
    yield from here(stand).attempts()
