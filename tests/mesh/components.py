"""Components of istio/, put into the mesh as a user does: by an overlay that says what is different here."""
import contextlib
import json
import os

import forms
from proving import WITHIN_S, lost, plugins, until
import stack


class Stand:
    """Where policies are shown: the mesh, the suite's module, and what was put up for one policy and goes with it."""

    def __init__(self, world, module):
        self.world, self.mesh, self.module = world, world.mesh, module

    @contextlib.contextmanager
    def having(self, *texts):
        for text in texts:
            self.mesh.apply(text)
        try:
            yield
        finally:
            for text in reversed(texts):
                self.mesh.kube.delete(text if isinstance(text, str) else json.dumps(text))

    def component(self, name, *patches, namespace="demo"):
        folder = self.mesh.folder / f"with-{name}"
        folder.mkdir(exist_ok=True)
        overlay = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": namespace,
            "components": [os.path.relpath(stack.ROOT / "istio/components" / name, folder)], "patches": list(patches)}
        (folder / "kustomization.yaml").write_text(json.dumps(overlay))
        return self.mesh.kustomize(folder)

    def filters(self, config, form=forms.FORMS[0], picks_for=None):
        """With names of their own: here the gateways share a namespace."""
        resources = self.mesh.kube.read(form.render(self.mesh, self.module, config, picks_for))
        for one in resources:
            one["metadata"]["name"] += f"-{form.proxy}"
        return "\n---\n".join(map(json.dumps, resources))

    def loaded(self, config, form=forms.FORMS[0]):
        """Waits until the proxy has this configuration."""
        want, proxy = form.config(config), self.world.proxies[form.proxy]
        return until(lambda: want in plugins(proxy), f"the proxy did not take the filters within {WITHIN_S} s")

    def kept(self, text, proxy):
        """Waits until the proxy has this manifest, field by field."""
        written = self.mesh.kube.read(text)
        return eventually(lambda: lost(written, proxy))


def changed(kind, name, values):
    """A patch of one resource: values by path, None to take a field out."""
    operations = [{"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value} for path, value in values.items()]
    return {"target": {"kind": kind, "name": name}, "patch": json.dumps(operations)}


def eventually(check):
    """What is wrong, or nothing as soon as nothing is: proxies take a change a moment after the API has it."""
    told = [""]

    def holds():
        try:
            told[0] = check()
        except OSError as error:
            told[0] = str(error)
        return not told[0]
    return until(holds, "") and told[0]
