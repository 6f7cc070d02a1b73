"""A Kubernetes API without nodes: etcd and kube-apiserver with Istio's resource definitions. Enough for istiod, kubectl and istioctl."""
import json
import os
import secrets
import subprocess

import stack

READY_WITHIN_S = 90
ISSUER = "https://kubernetes.default.svc"
# Istio's agents ask for tokens of this audience.
AUDIENCES = f"{ISSUER},istio-ca"


class Refused(Exception):
    """What kubectl said when it could not do as told."""


class Kube:
    def __init__(self, tools, folder):
        self.tools, self.folder = tools, folder
        self.port, self.etcd_port, self.peer_port = (stack.free_port() for _ in range(3))
        self.kubeconfig = folder / "kubeconfig"
        self.programs = []

    def start(self):
        token = secrets.token_hex(16)
        (self.folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
        self.kubeconfig.write_text(json.dumps(kubeconfig(self.port, token)))
        self.kubeconfig.chmod(0o600)
        subprocess.run(["openssl", "genrsa", "-out", self.folder / "account.key", "2048"], check=True, capture_output=True)
        self.programs += [self.start_etcd(), self.start_server()]
        stack.until(lambda: self.ready(), "the Kubernetes API", self.programs, READY_WITHIN_S)
        self.apply(*(namespace(name) for name in ("istio-system", "demo")))
        self.kubectl("apply", "--server-side", "-f", self.tools / "crd-all.gen.yaml")
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")

    def start_etcd(self):
        client, peer = (f"http://127.0.0.1:{port}" for port in (self.etcd_port, self.peer_port))
        return stack.Program("etcd", [
            stack.tool("tools/etcd.sh"), f"--data-dir={self.folder}/etcd", "--unsafe-no-fsync", "--log-level=error",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"], self.folder)

    def start_server(self):
        return stack.Program("kube-apiserver", [
            self.tools / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={self.port}",
            f"--cert-dir={self.folder}/certificates", "--service-cluster-ip-range=10.0.0.0/24",
            f"--service-account-issuer={ISSUER}", f"--api-audiences={AUDIENCES}",
            f"--service-account-key-file={self.folder}/account.key", f"--service-account-signing-key-file={self.folder}/account.key",
            "--authorization-mode=RBAC", f"--token-auth-file={self.folder}/tokens.csv",
            # It wants accounts that a controller makes, and there is none.
            "--disable-admission-plugins=ServiceAccount"], self.folder)

    def ready(self):
        return self.try_kubectl("get", "--raw", "/readyz").returncode == 0

    def stop(self):
        for program in reversed(self.programs):
            program.stop()

    def try_kubectl(self, *words, stdin=None):
        return self.run([self.tools / "kubectl", *words], stdin)

    def run(self, command, stdin=None):
        """Of kubectl, istioctl: with this API as theirs."""
        return subprocess.run(
            [str(word) for word in command], input=stdin or "", capture_output=True, text=True, timeout=120,
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig)})

    def kubectl(self, *words, stdin=None):
        done = self.try_kubectl(*words, stdin=stdin)
        if done.returncode:
            raise Refused(done.stderr.strip())
        return done.stdout

    def apply(self, *resources):
        """Dictionaries, or the text of a manifest. Strict: an unknown field is refused."""
        # A text that begins with a brace would be taken for JSON alone, without `---`.
        text = "".join(f"---\n{one if isinstance(one, str) else json.dumps(one)}\n" for one in resources)
        return self.kubectl("apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-", stdin=text)

    def delete(self, text):
        self.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=text)

    def read(self, text):
        """The resources of a manifest, as dictionaries."""
        rest, read = self.kubectl("create", "--dry-run=client", "-o", "json", "-f", "-", stdin=text), []
        while rest := rest.lstrip():
            one, end = json.JSONDecoder().raw_decode(rest)
            rest = rest[end:]
            read += one["items"] if one["kind"] == "List" else [one]
        return read


def kubeconfig(port, token):
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "mesh",
        "clusters": [{"name": "mesh", "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "mesh", "context": {"cluster": "mesh", "user": "admin", "namespace": "demo"}}]}


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
