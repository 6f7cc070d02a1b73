"""The mesh that the tests look at: an ingress gateway, an egress gateway and a pod with a sidecar, all before the simulated fleet."""
from forms import LABELS
from proofs import Site
import resources

FLEET_HOST, PROVIDER_HOST = "llm.demo.internal", "api.provider.example"


class World:
    def __init__(self, mesh):
        self.mesh = mesh
        ports = mesh.fleet.ports
        mesh.apply(
            resources.service_entry("llm", FLEET_HOST, ports), resources.plain("llm", FLEET_HOST),
            resources.service_entry("provider", PROVIDER_HOST, ports, location="MESH_EXTERNAL"))
        self.proxies = {
            "gateway": mesh.gateway("gateway", LABELS["gateway"]), "egress": mesh.gateway("egress", LABELS["egress"]),
            "sidecar": mesh.sidecar("app", LABELS["sidecar"])}
        gateway, egress, sidecar = (self.proxies[name] for name in ("gateway", "egress", "sidecar"))
        mesh.apply(
            resources.gateway("edge", gateway.labels, gateway.port), resources.routes("llm", "edge", FLEET_HOST),
            resources.gateway("way-out", egress.labels, egress.port, [PROVIDER_HOST]),
            resources.routes("provider", "way-out", PROVIDER_HOST, [PROVIDER_HOST]),
            resources.sidecar("app", sidecar.labels, sidecar.port, ports[1]))
        self.sites = {
            "gateway": Site(gateway, mesh.fleet), "egress": Site(egress, mesh.fleet, host=PROVIDER_HOST), "sidecar": Site(sidecar, mesh.fleet)}

    def picks_for(self, form):
        return {"gateway": FLEET_HOST, "egress": PROVIDER_HOST}.get(form.proxy)
