"""What bounds and heals: mutual TLS, circuit breakers, outlier detection, retries, a lid on bursts."""
import json
import urllib.request

from breakers import Breakers
from components import changed, eventually
import manifests
from proofs import Site
import resources
import stack

HOST, STRICT = "hardened.demo.internal", "strict.demo.internal"
AS_WRITTEN = {
    "max_connections": 2000, "max_pending_requests": 200, "max_requests": 2000, "max_retries": 100,
    "consecutive_gateway_failure": 3, "interval": "1s", "base_ejection_time": "15s", "max_ejection_percent": 50}
BURST = 5
BUCKET = "/spec/configPatches/0/patch/value/typed_config/token_bucket"


class Hardening:
    """The fleet under another name, and the pod `app` behind its sidecar."""

    def __init__(self, stand):
        self.stand, self.mesh = stand, stand.mesh
        self.gateway, self.app = (stand.world.proxies[name] for name in ("gateway", "sidecar"))
        self.site = stand.world.sites["gateway"]

    def attempts(self):
        strict = (
            resources.service_entry("strict", STRICT, [self.app.port]), resources.routes("strict", "edge", STRICT, ["strict.example"]),
            resources.networking("DestinationRule", "strict", {"host": STRICT, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}))
        with self.stand.having(*strict, resources.service_entry("hardened", HOST, self.mesh.fleet.ports), self.component()):
            yield "mutual TLS: from proxy to proxy", eventually(self.between_proxies)
            yield "mutual TLS: nothing without a certificate", eventually(Site(self.app, self.mesh.fleet).unanswered)
            yield "circuit breakers and outlier detection are in the proxy as written", eventually(lambda: self.differs(HOST, AS_WRITTEN))
            yield "a server that fails is left out, and no client sees it", self.one_fails()
            yield from Breakers(self).attempts()
            yield "a burst beyond the lid: 429", self.burst()

    def component(self, *patches, host=HOST):
        return self.stand.component(
            "hardening", *patches,
            changed("DestinationRule", "penstock-servers", {"/spec/host": host, "/spec/trafficPolicy/tls": {"mode": "DISABLE"}}),
            changed("VirtualService", "penstock-llm", {"/spec/http/0/route/0/destination/host": host}),
            changed("PeerAuthentication", "penstock", {"/spec/selector": {"matchLabels": self.app.labels}}))

    def between_proxies(self):
        answer = self.site.ask("hi", host="strict.example")
        return "" if answer.status == 200 else str(answer)

    def differs(self, host, want):
        """What breakers and outlier detection of the proxy's cluster have otherwise."""
        cluster = next((node for node in manifests.objects(self.gateway.dump()) if node.get("name") == f"outbound|80||{host}" and "type" in node), {})
        have = {**cluster.get("circuit_breakers", {}).get("thresholds", [{}])[0], **cluster.get("outlier_detection", {})}
        wrong = {name: have.get(name) for name, value in want.items() if have.get(name) != value}
        return f"it has {json.dumps(wrong)}" if wrong else ""

    def one_fails(self):
        """Of three servers one answers 503 to everything. Chance decides who is asked, so it may take some requests."""
        port, answers = self.mesh.fleet.ports[0], []

        def asked():
            answers.append(self.site.ask("What is a fern?"))
            return "" if self.left_out(port) else "Envoy goes on asking it"
        fault(port, "PUT", "blackhole=on")
        try:
            return eventually(asked) or next((str(answer) for answer in answers if answer.status != 200), "")
        finally:
            fault(port, "DELETE")

    def left_out(self, port):
        flags = f"outbound|80||{HOST}::127.0.0.1:{port}::health_flags::/failed_outlier_check"
        return flags in stack.get(f"{self.gateway.admin}/clusters")

    def burst(self):
        """With a lid of a few, so that it takes no crowd."""
        bucket = {"max_tokens": BURST, "tokens_per_fill": 1, "fill_interval": "3600s"}
        self.mesh.apply(self.component(changed("EnvoyFilter", "penstock-burst", {BUCKET: bucket})))
        return eventually(lambda: "" if self.site.ask("What is a fern?").status == 429 else "no 429")


def fault(port, method, words=""):
    stack.DIRECT.open(urllib.request.Request(f"http://127.0.0.1:{port}/sim/faults", words.encode(), method=method), timeout=10).close()


def attempts(stand):
    yield from Hardening(stand).attempts()
