"""What `penstock istio` renders from a few values, run in each form and at each place."""
import json
import subprocess

import forms
from kube import Refused
import proofs
from proving import PICKER, filtered, lost, shown, until
import reading

CASES = [
    ("ecds", "gateway"), ("ecds", "sidecar"), ("ecds", "egress"), ("inline", "gateway"), ("wasmplugin", "gateway"), ("trafficextension", "gateway")]


def attempts(world, module):
    """Pairs of what was rendered and what is wrong, or nothing."""
    suite = proofs.filters(world.mesh.fleet)[-1].without([PICKER])
    for form, place in CASES:
        text, wrong = render(form, place, module, suite.config())
        yield f"penstock istio: {form} at the {place}", wrong or prove(world, place, suite, text)


def render(form, place, module, filters):
    code = {"module": str(module.file)} if form == "inline" else {"image": module.image}
    values = {"form": form, "filters": filters, "targets": [{"at": place, "namespace": "demo", "labels": forms.LABELS[place]}], **code}
    done = subprocess.run([reading.penstock(), "istio", "-"], input=json.dumps(values), capture_output=True, text=True, timeout=60)
    return done.stdout, done.stderr.strip() if done.returncode else ""


def prove(world, place, suite, text):
    mesh, proxy = world.mesh, world.proxies[place]
    try:
        mesh.apply(text)
    except Refused as refused:
        return f"kubectl: {refused}"
    wrong = until(lambda: filtered(proxy), "the proxy did not take the filter") or shown(suite, world.sites[place])
    wrong = wrong or lost(mesh.kube.read(text), proxy)
    mesh.kube.delete(text)
    return wrong or until(lambda: not filtered(proxy), "its filter is still there after its deletion")
