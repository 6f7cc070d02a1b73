"""The troubles that docs/istio.md tells of, made on purpose: what a client sees, and how it comes right."""
import contextlib

import forms
import proofs
from proving import until
from proxy import Proxy
import resources
from world import FLEET_HOST

FRESH = {"istio": "fresh"}
GUARD, WRONG = {"prompt_guard": {}}, {"prompt_guard": {"no_such_field": 1}}
ECDS = next(form for form in forms.FORMS if form.folder == "overlays/gateway")
PLUGIN = next(form for form in forms.FORMS if form.kind == "WasmPlugin")


def missing(module):
    return forms.Module(module.file, f"{module.image.partition('@')[0]}@sha256:{'a' * 64}")


def attempts(world, module):
    """Pairs of a trouble and what is wrong with what we say of it, or nothing."""
    yield "a fresh proxy whose image is missing says so, and comes right by itself", fresh(world, missing(module), GUARD, module)
    yield "a fresh proxy whose configuration is wrong says so, and comes right by itself", fresh(world, module, WRONG, module)
    with applied(world, PLUGIN, missing(module)):
        yield "a WasmPlugin whose image is missing denies everything", answers(world.sites["gateway"], 403, "")
    with applied(world, PLUGIN, forms.Module(module.file, module.image.partition("@")[0])):
        yield "an image without digest and tag is looked for under the tag `latest`", answers(world.sites["gateway"], 403, "")


def fresh(world, first_module, first_config, good_module):
    """A proxy that starts with what it cannot load, until it is given what it can."""
    mesh = world.mesh
    proxy = Proxy(mesh, "fresh", "router", FRESH)
    text = ECDS.render(mesh, first_module, first_config, labels=FRESH)
    mesh.apply(text, resources.gateway("fresh", FRESH, proxy.port), resources.routes("fresh", "fresh", FLEET_HOST))
    mesh.add(proxy.start())
    try:
        site = proofs.Site(proxy, mesh.fleet)
        wrong = answers(site, 503, "penstock_not_loaded")
        mesh.apply(ECDS.render(mesh, good_module, GUARD, labels=FRESH))
        return wrong or until(lambda: not proofs.denied(site), "it does not come right")
    finally:
        mesh.kube.delete(text)
        mesh.remove(proxy)


@contextlib.contextmanager
def applied(world, form, module):
    text = form.render(world.mesh, module, GUARD)
    world.mesh.apply(text)
    yield
    world.mesh.kube.delete(text)


def answers(site, status, words):
    """Nothing once a harmless request is answered so, or what it is answered instead."""
    last = [None]

    def so():
        with contextlib.suppress(OSError):  # its listener is not there yet
            last[0] = site.ask("What is a fern?")
        return last[0] and last[0].status == status and words in last[0].text
    return until(so, "not so") and f"{last[0]}, not {status} {words}"
