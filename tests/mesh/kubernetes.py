"""What kubernetes/ has for Prometheus' operator, autoscalers and evictions, at a real API server: its own kinds, and the operators' by their own resource
definitions. Nothing scales here: there are no nodes, no pods and no operators."""
import json
import os
import pathlib

from kube import Refused
import stack

COMPONENTS = "monitoring", "disruption", "hpa", "keda"
CRDS = {
    "prometheus-operator": ("monitoring.coreos.com_prometheusrules.yaml", "monitoring.coreos.com_podmonitors.yaml"),
    "keda": ("keda.sh_scaledobjects.yaml",)}
SPOILED = "noSuchField"


def attempts(mesh):
    """Pairs of what was tried and what is wrong, or nothing."""
    install(mesh)
    for name in COMPONENTS:
        resources = mesh.kube.read(rendered(mesh, name))
        yield f"kubernetes/{name}: {len(resources)} resources", "" if resources else "there are none"
        for one in resources:
            what = f"kubernetes/{name}: {one['kind']} {one['metadata']['name']}"
            yield what, applied(mesh, one)
            yield f"{what} with an unknown field is refused", "" if SPOILED in applied(mesh, spoiled(one)) else "it is not"
    yield "one patch by name reaches all that is of the servers", patched(mesh)


def install(mesh):
    for source, files in CRDS.items():
        folder = pathlib.Path(stack.tool("tools/gomod.sh", source))
        mesh.kube.kubectl("apply", "--server-side", *(word for file in files for word in ("-f", folder / file)))
    mesh.kube.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")


def rendered(mesh, *names, patches=()):
    """As a user has it: an overlay with these components."""
    folder = mesh.folder / "-".join(("kubernetes", *names))
    folder.mkdir(exist_ok=True)
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "components": [os.path.relpath(stack.ROOT / "kubernetes" / name, folder) for name in names], "patches": list(patches)}
    (folder / "kustomization.yaml").write_text(json.dumps(overlay))
    return mesh.kustomize(folder)


def applied(mesh, resource):
    """What the API server holds against it, or what it has dropped of it."""
    try:
        mesh.apply(resource)
    except Refused as refused:
        return str(refused)
    where = "-n", resource["metadata"].get("namespace", "demo"), resource["kind"], resource["metadata"]["name"]
    kept = json.loads(mesh.kube.kubectl("get", "-o", "json", *where))
    return ", ".join(lost(resource["spec"], kept["spec"], "spec"))


def lost(ours, theirs, path):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            yield from lost(value, theirs.get(name), f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs)):
            yield from lost(*pair, f"{path}[{number}]")
    elif ours != theirs:
        yield f"{path}: {ours} became {theirs}"


def spoiled(resource):
    return resource | {"spec": resource["spec"] | {SPOILED: 1}}


def patched(mesh):
    """The page's example: the servers' resources in their namespace, for a deployment of another name."""
    place = [{"op": "add", "path": "/metadata/namespace", "value": "istio-system"}]
    target = [{"op": "replace", "path": "/spec/scaleTargetRef/name", "value": "vllm"}]
    patches = [
        {"target": {"name": "penstock-servers"}, "patch": json.dumps(place)},
        {"target": {"kind": "ScaledObject", "name": "penstock-servers"}, "patch": json.dumps(target)}]
    read = mesh.kube.read(rendered(mesh, "keda", "disruption", patches=patches))
    mine = [one for one in read if one["metadata"]["name"] == "penstock-servers"]
    moved = [one["metadata"].get("namespace") for one in mine] == ["istio-system"] * 2
    if not moved or {one["spec"]["scaleTargetRef"]["name"] for one in mine if "scaleTargetRef" in one["spec"]} != {"vllm"}:
        return f"it did not: {mine}"
    return "; ".join(filter(None, (applied(mesh, one) for one in mine)))
