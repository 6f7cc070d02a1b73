"""Every filter in every form: applied, found in the proxy field by field, and shown by requests."""
import json
import time

import forms
from kube import Refused
import manifests
import proofs
from proxy import strings

WITHIN_S = 60  # a slow machine has its time
PICKER = "cluster_picker"


def attempts(world, modules):
    """Triples of a form, a filter and what is wrong, or nothing."""
    for form in forms.FORMS:
        text = ""
        for whole in proofs.filters(world.mesh.fleet):
            one = whole.without([PICKER]) if unpicked(form) else whole
            if not one.parts:
                continue
            picks_for = world.picks_for(form) if PICKER in one.parts else None
            text = form.render(world.mesh, modules[one.crate, form.layout], one.config(), picks_for)
            yield form, one, prove(world, form, one, text)
        world.mesh.kube.delete(text)
        if wrong := until(lambda: not filtered(world.proxies[form.proxy]), "its filter is still there after its deletion"):
            yield form, one, wrong


def unpicked(form):
    """Why the picker has no part in a form, or nothing."""
    if form.proxy == "sidecar":
        return "one server behind a sidecar"
    return "" if form.holds else "the head is gone before the prompt is read"


def prove(world, form, one, text):
    mesh, proxy = world.mesh, world.proxies[form.proxy]
    try:
        mesh.apply(text)
    except Refused as refused:
        return f"kubectl: {refused}"
    want = form.config(one.config())
    wrong = until(lambda: want in plugins(proxy), "the proxy did not take the filter")
    return wrong or lost(mesh.kube.read(text), proxy) or shown(one, world.sites[form.proxy])


def plugins(proxy):
    """The configurations of the Wasm filters that a proxy has."""
    return [parsed for parsed in map(parse, strings(proxy.dump())) if isinstance(parsed, dict) and "exchange" in parsed]


def filtered(proxy):
    """Whether a listener has a filter that is not Istio's own. What discovery once brought stays in the dump without a listener."""
    active = [node["active_state"] for node in manifests.objects(proxy.dump()) if "active_state" in node]
    return any("config_discovery" in node or node.get("@type", "").endswith(".wasm.v3.Wasm") for node in manifests.objects(active))


def parse(text):
    try:
        return json.loads(text) if text.lstrip().startswith("{") else None
    except ValueError:
        return None


def lost(resources, proxy):
    paths = manifests.dropped(resources, proxy.dump())
    return f"not in the proxy as written: {', '.join(paths)}" if paths else ""


def shown(one, site):
    """The proof, tried until it holds: workers take a filter a moment after the main thread."""
    told = [""]

    def holds():
        told[0] = one.wrong(site)
        return not told[0]
    return until(holds, "") and told[0]


def until(condition, what):
    """Nothing once the condition holds, or `what` if it does not in time."""
    end = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > end:
            return what or "not in time"
        time.sleep(0.1)
    return ""


def table(results):
    """The forms and filters as a table of Markdown. `results`: what is wrong, by form and filter."""
    titles = list(dict.fromkeys(filter for _, filter in results))
    lines = [["", *titles], ["---"] * (len(titles) + 1)]
    for form in forms.FORMS:
        lines.append([form.title, *(cell(results, form, title) for title in titles)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(results, form, title):
    why = unpicked(form)
    if (form.title, title) not in results:
        return f"no: {why}"
    return "**fails**" if results[form.title, title] else "run, without the picker" if why and title == "suite" else "run"
