"""The policies around the filters, each of them a component of istio/, shown by requests."""
import audit
from components import Stand
import egress
import global_limit
import hardening
import health
import incidents
import limits
import login
import manifests
import providers
import reading
import rollouts
import segment
import tenants
import tracing

COMPONENTS = (
    "tenants", "login", "egress", "audit-log", "credentials", "fallback", "hardening", "global-limit", "pools", "segment", "limits", "shadow-ai",
    "tracing", "health")
PARTS = {
    "tenants": tenants, "login": login, "audit": audit, "egress": egress, "providers": providers, "hardening": hardening, "rollouts": rollouts,
    "segment": segment, "limits": limits, "incidents": incidents, "global-limit": global_limit, "tracing": tracing, "health": health}


def attempts(world, module, parts=()):
    """Pairs of what was tried and what is wrong, or nothing."""
    stand = Stand(world, module)
    yield from as_they_stand(stand)
    for name in parts or PARTS:
        for what, wrong in PARTS[name].attempts(stand):
            yield f"{name}: {what}", wrong


def as_they_stand(stand):
    file = stand.mesh.folder / "component.yaml"
    for name in COMPONENTS:
        file.write_text(stand.component(name))
        yield f"istio/components/{name} for kubectl and the webhook", reading.taken(stand.mesh, file)
        yield f"istio/components/{name} for istioctl", manifests.read_by_istioctl(stand.mesh, file)
