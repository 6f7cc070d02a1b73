"""One pod's proxy: Istio's agent, which logs in, gets its certificate and pulls modules, and the Envoy that it starts."""
import itertools
import json
import os
import shutil

import stack

# Not the address of any endpoint: istiod would take the proxy for that endpoint's workload.
ADDRESSES = (f"127.0.0.{number}" for number in itertools.count(9))


class Proxy:
    def __init__(self, mesh, name, role, labels, namespace="demo"):
        self.mesh, self.name, self.role, self.labels, self.namespace = mesh, name, role, labels, namespace
        self.address = next(ADDRESSES)
        # `port` is for a listener that the mesh's configuration opens.
        self.port, self.admin_port, self.agent_port, self.ready_port, self.metrics_port = (stack.free_port() for _ in range(5))
        self.url, self.admin = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.admin_port}"
        self.folder = mesh.folder / name

    def start(self):
        self.furnish()
        self.program = stack.Program(self.name, [
            self.mesh.tools / "pilot-agent", "proxy", self.role, f"--meshConfig={self.mesh.mesh_config}",
            "--proxyLogLevel=warning", "--proxyComponentLogLevel=wasm:info", "--log_output_level=default:info,wasm:debug"],
            self.folder, cwd=self.folder, env=os.environ | self.environment())
        stack.until(lambda: stack.get(f"http://127.0.0.1:{self.ready_port}/healthz/ready") is not None, self.name, [self.program])
        return self

    def stop(self):
        self.program.stop()

    def furnish(self):
        """The files that a pod finds mounted."""
        account, token = f"{self.name}-account", self.folder / "var/run/secrets/tokens/istio-token"
        template = self.folder / "var/lib/istio/envoy/envoy_bootstrap_tmpl.json"
        root = self.folder / "var/run/secrets/istio/root-cert.pem"
        for file in (token, template, root):
            file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.mesh.tools / "envoy_bootstrap.json", template)
        root.write_text(self.mesh.root_certificate)
        self.mesh.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": self.namespace}})
        token.write_text(self.mesh.kube.kubectl(
            "create", "token", account, "-n", self.namespace, "--audience=istio-ca", "--duration=2h"))

    def environment(self):
        proxy = {
            "discoveryAddress": f"127.0.0.1:{self.mesh.ports['secureGRPC']}", "binaryPath": stack.envoy_binary(), "concurrency": stack.WORKERS,
            "proxyAdminPort": self.admin_port, "statusPort": self.agent_port, "terminationDrainDuration": "1s"}
        return {
            "PROXY_CONFIG": json.dumps(proxy), "ISTIOD_SAN": "istiod.istio-system.svc", "INSTANCE_IP": self.address,
            "POD_NAME": f"{self.name}-0", "POD_NAMESPACE": self.namespace, "SERVICE_ACCOUNT": f"{self.name}-account",
            "ISTIO_META_CLUSTER_ID": "Kubernetes", "ISTIO_META_WORKLOAD_NAME": self.name, "ISTIO_METAJSON_LABELS": json.dumps(self.labels),
            "ISTIO_META_UNPRIVILEGED_POD": "true", "GRPC_XDS_BOOTSTRAP": "", "ENVOY_STATUS_PORT": str(self.ready_port),
            "ENVOY_PROMETHEUS_PORT": str(self.metrics_port)}

    def logged(self):
        """All that the agent and Envoy have written so far."""
        return self.program.log.read_text(errors="replace")

    def rejections(self):
        """How many configurations came by discovery and were refused. Istio keeps no count of it, so Envoy's log is what there is."""
        return self.logged().count("TypedExtensionConfig rejected")

    def dump(self):
        """Envoy's configuration, as it has it now."""
        return json.loads(stack.get(f"{self.admin}/config_dump?include_eds"))

    def has(self, text):
        """Whether Envoy's configuration has this text, in any of its values."""
        return text in strings(self.dump())


def strings(value):
    """Every text in a JSON value, as one set."""
    match value:
        case str():
            return {value}
        case list():
            return set().union(*map(strings, value))
        case dict():
            return set().union(*map(strings, value.values()))
    return set()
