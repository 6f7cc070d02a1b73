"""The forms in which a filter comes into a mesh, each a folder of istio/, and what it takes to put another image and configuration there."""
import dataclasses
import json
import os
import pathlib

import stack

# The labels by which the overlays find their proxies.
LABELS = {"gateway": {"istio": "ingressgateway"}, "egress": {"istio": "egressgateway"}, "sidecar": {"penstock.dev/filters": "enabled"}}
PLUGIN = "/spec/configPatches/{}/patch/value/typed_config/config"


@dataclasses.dataclass(frozen=True)
class Module:
    """A built filter: the file, and the image of it in a registry."""
    file: pathlib.Path
    image: str  # HOST/REPOSITORY@sha256:...

    @property
    def url(self):
        return f"oci://{self.image}"


@dataclasses.dataclass(frozen=True)
class Form:
    title: str
    folder: str
    kind: str
    proxy: str  # which of the proxies has it: gateway, sidecar, egress
    layout: str = "image"  # of the two that Istio's agent takes
    holds: bool = True  # whether filters can hold heads until they have read the body

    def patches(self, module, config):
        match self.kind, self.folder:
            case "EnvoyFilter", "examples/inline":
                plugin, code = PLUGIN.format(0), {"local/filename": str(module.file)}
            case "EnvoyFilter", _:
                plugin, code = PLUGIN.format(1), {"remote/http_uri/uri": module.url}
            case "WasmPlugin", _:
                return {"/spec/url": module.url, "/spec/pluginConfig": config}
            case "TrafficExtension", _:
                return {"/spec/wasm/url": module.url, "/spec/wasm/pluginConfig": config}
        code = {f"{plugin}/vm_config/code/{path}": value for path, value in code.items()}
        return code | {f"{plugin}/configuration/value": json.dumps(config)}

    def config(self, config):
        """The filter's configuration, made fit for this form."""
        return {"exchange": {"proxy_buffer_bytes": 16777216} if self.holds else {"headers": "release"}, **config}

    def render(self, mesh, module, config, picks_for=None, labels=None):
        """The manifest, by the same means that a user has: an overlay over ours. `picks_for`: the host whose servers the picker picks;
        `labels`: of other proxies than the overlay's."""
        folder = mesh.folder / "overlay"
        folder.mkdir(exist_ok=True)
        overlay = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": "demo",
            "resources": [path(folder, self.folder)], "components": [],
            "patches": [patch(self.kind, "penstock", self.patches(module, self.config(config)))]}
        if labels:
            overlay["patches"] += [patch("EnvoyFilter", name, {"/spec/workloadSelector/labels": labels}) for name in ("penstock", "penstock-listeners")]
        if picks_for:
            overlay["components"].append(path(folder, "components/picker"))
            overlay["patches"].append(patch("EnvoyFilter", "penstock-picker", {
                "/spec/workloadSelector/labels": LABELS[self.proxy], "/spec/configPatches/0/match/cluster/service": picks_for}))
        (folder / "kustomization.yaml").write_text(json.dumps(overlay))
        return mesh.kustomize(folder)


def path(folder, name):
    return os.path.relpath(stack.ROOT / "istio" / name, folder)


def patch(kind, name, values):
    operations = [{"op": "replace", "path": pointer, "value": value} for pointer, value in values.items()]
    return {"target": {"kind": kind, "name": name}, "patch": json.dumps(operations)}


FORMS = [
    Form("EnvoyFilter, ECDS: gateway", "overlays/gateway", "EnvoyFilter", "gateway"),
    Form("EnvoyFilter, ECDS: sidecar", "overlays/sidecar", "EnvoyFilter", "sidecar"),
    Form("EnvoyFilter, ECDS: egress", "overlays/egress", "EnvoyFilter", "egress"),
    Form("EnvoyFilter, inline", "examples/inline", "EnvoyFilter", "gateway"),
    Form("WasmPlugin", "examples/wasmplugin", "WasmPlugin", "gateway", holds=False),
    Form("TrafficExtension", "examples/trafficextension", "TrafficExtension", "gateway", layout="artifact", holds=False),
]
