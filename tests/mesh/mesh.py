"""Istio without a cluster: a real Kubernetes API, istiod with its webhook, a registry, the simulated fleet, and proxies as pods have them.

    with Mesh() as mesh:
        gateway = mesh.gateway()
        mesh.apply(...)             # as kubectl apply does it, webhook and all
        ask(gateway.url, ...)

All of it listens on free ports of 127.0.0.1, keeps its state in a folder of its own and ends with the block. One path is fixed by
Istio: agents keep pulled modules in /var/lib/istio/data.
"""
import base64
import json
import os
import pathlib
import tempfile

from kube import Kube, Refused
from proxy import Proxy
import registry
import resources
import stack

MESH_CONFIG = stack.ROOT / "istio/mesh-config.yaml"
PROVIDERS = [stack.ROOT / f"istio/components/{name}/mesh-config.yaml" for name in ("audit-log", "tracing")]
MODULES = pathlib.Path("/var/lib/istio/data")
STOCK_ENVOY = {
    # Filters that only Istio's own build of Envoy has; without these words it is told to use them.
    "PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"}


class Mesh:
    def __init__(self):
        self.home = tempfile.TemporaryDirectory(prefix="penstock-mesh-")
        self.folder = pathlib.Path(self.home.name)
        self.tools = pathlib.Path(stack.tool("tests/mesh/build.sh"))
        self.ports = {name: stack.free_port() for name in ("grpc", "secureGRPC", "https", "http", "monitoring")}
        self.kube = Kube(self.tools, self.folder)
        self.parts = []  # what has a stop(), in the order of its start

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind, error, trace):
        if kind not in (None, KeyboardInterrupt):
            self.show_logs()
        self.stop()

    def start(self):
        MODULES.mkdir(parents=True, exist_ok=True)
        self.parts.append(self.kube)
        self.kube.start()
        self.write_mesh_config()
        self.istiod = self.start_istiod()
        self.registry = self.add(registry.Registry(self.folder))
        self.fleet = self.add(stack.Fleet(self.folder))
        self.root_certificate = stack.until(self.read_root_certificate, "istiod's authority", [self.istiod])
        self.install_webhook()
        return self

    def add(self, part):
        self.parts.append(part)
        return part

    def stop(self):
        for part in reversed(self.parts):
            part.stop()
        self.parts = []
        self.home.cleanup()

    def show_logs(self):
        for log in sorted(self.folder.rglob("*.log")):
            words = log.read_text(errors="replace").splitlines()[-15:]
            print("\n".join([f"-- last words of {log.stem}", *words]), flush=True)

    def write_mesh_config(self):
        """The project's own, and ports that a pod would have for itself."""
        ports = {"proxyListenPort": stack.free_port(), "proxyInboundListenPort": stack.free_port()}
        providers = (file.read_text().partition("extensionProviders:\n")[2] for file in PROVIDERS)
        lines = [MESH_CONFIG.read_text(), *(f"{name}: {port}\n" for name, port in ports.items()), "extensionProviders:\n", *providers]
        self.mesh_config = self.folder / "mesh.yaml"
        self.mesh_config.write_text("".join(lines))

    def start_istiod(self):
        addresses = [f"--{name}Addr=127.0.0.1:{port}" for name, port in self.ports.items()]
        # PILOT_DEBOUNCE_AFTER: changes are sent after 20 ms of quiet instead of 100.
        environment = os.environ | STOCK_ENVOY | {
            "POD_NAME": "istiod-0", "POD_NAMESPACE": "istio-system", "PILOT_DEBOUNCE_AFTER": "20ms", "ISTIOD_CUSTOM_HOST": "localhost"}
        folder = self.folder / "istiod"
        folder.mkdir(exist_ok=True)
        istiod = self.add(stack.Program("istiod", [
            self.tools / "pilot-discovery", "discovery", f"--kubeconfig={self.kube.kubeconfig}", f"--meshConfig={self.mesh_config}",
            *addresses, "--ctrlz_port=0", "--shutdownDuration=1s"], folder, cwd=folder, env=environment))
        stack.until(lambda: stack.get(f"http://127.0.0.1:{self.ports['http']}/ready") is not None, "istiod", [istiod])
        return istiod

    def restart_istiod(self):
        self.istiod.stop()
        self.parts.remove(self.istiod)
        self.istiod = self.start_istiod()

    def read_root_certificate(self):
        found = self.kube.try_kubectl("get", "configmap", "istio-ca-root-cert", "-n", "demo", "-o", "json")
        return found.returncode == 0 and json.loads(found.stdout)["data"]["root-cert.pem"]

    def install_webhook(self):
        bundle = base64.b64encode(self.root_certificate.encode()).decode()
        self.kube.apply(resources.webhook(f"https://localhost:{self.ports['https']}/validate", bundle))
        stack.until(self.webhook_refuses, "istiod's webhook", [self.istiod])

    def webhook_refuses(self):
        """What the resource's schema allows, and only istiod knows to be wrong."""
        try:
            self.kube.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(resources.impossible()))
        except Refused as refused:
            return "admission webhook" in str(refused) and "denied" in str(refused)
        return False

    def apply(self, *texts):
        return self.kube.apply(*texts)

    def istioctl(self, *words):
        return self.kube.run([self.tools / "istioctl", *words])

    def kustomize(self, folder):
        return self.kube.kubectl("kustomize", folder)

    def gateway(self, name="gateway", labels=None):
        return self.add(Proxy(self, name, "router", labels or {"istio": "ingressgateway"}).start())

    def remove(self, part):
        self.parts.remove(part)
        part.stop()

    def sidecar(self, name="app", labels=None):
        return self.add(Proxy(self, name, "sidecar", labels or {"app": name}).start())
