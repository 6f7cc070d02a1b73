"""What can be known of each manifest as it stands, before it runs, and that what is wrong would be found."""
import os
import pathlib
import subprocess

import forms
from kube import Refused
import manifests
import stack

FOLDERS = [form.folder for form in forms.FORMS] + ["components/picker"]
TYPO = "allow_on_headers_stop_iteration", "allow_on_header_stop_iteration"


def attempts(mesh, module):
    """Pairs of what was tried and what is wrong, or nothing."""
    for folder in FOLDERS:
        file = mesh.folder / "as-it-stands.yaml"
        file.write_text(as_it_stands(mesh, folder))
        yield f"istio/{folder} for kubectl and the webhook", taken(mesh, file)
        if not folder.startswith("components/"):
            yield f"istio/{folder} for penstock check", read_by_penstock(file)
        yield f"istio/{folder} for istioctl", manifests.read_by_istioctl(mesh, file)
        yield f"istio/{folder} for Envoy", manifests.read_by_envoy(mesh, mesh.kube.read(file.read_text()), module)
    yield from spoiled(mesh, module)


def as_it_stands(mesh, folder):
    """A component is no manifest by itself: its one file is."""
    where = stack.ROOT / "istio" / folder
    return (where / "clusters.yaml").read_text() if folder.startswith("components/") else mesh.kustomize(where)


def taken(mesh, file):
    try:
        mesh.kube.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", file)
    except Refused as refused:
        return str(refused)
    return ""


def penstock():
    """The command, in the profile that `cargo build` makes."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or stack.ROOT / "target") / "debug/penstock"


def read_by_penstock(file):
    done = subprocess.run([penstock(), "check", "--strict", file], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr if done.returncode else ""


def spoiled(mesh, module):
    """Manifests with a mistake in them: who finds it?"""
    file = pathlib.Path(mesh.folder / "spoiled.yaml")
    file.write_text(as_it_stands(mesh, "overlays/gateway").replace(*TYPO))
    yield "a mistyped field in typed_config is not found by kubectl and the webhook", taken(mesh, file)
    found = manifests.read_by_istioctl(mesh, file)
    yield "a mistyped field in typed_config is found by istioctl", "" if TYPO[1] in found else f"it is not: {found}"
    found = manifests.read_by_envoy(mesh, mesh.kube.read(file.read_text()), module)
    yield "a mistyped field in typed_config is found by Envoy", "" if TYPO[1] in found else f"it is not: {found}"
    for folder, good, bad in (
            ("examples/wasmplugin", "failStrategy: FAIL_RELOAD", "failStrategy: FAIL_SOFT"),
            ("examples/wasmplugin", "pluginName: ", "sha256: x\n  pluginName: "),
            ("examples/trafficextension", "pluginName: ", "pluginTitle: "),
            ("overlays/gateway", "INSERT_BEFORE", "INSERT_BESIDE")):
        file.write_text(as_it_stands(mesh, folder).replace(good, bad))
        yield f"istio/{folder} with `{' '.join(bad.split())}` is refused", "" if taken(mesh, file) else "it is not"
