"""Providers: their keys are put in by the proxy, and one of them helps out where own servers cannot, once and billed once."""
import http.client
import json
import pathlib
import urllib.request

import audit
from components import changed, eventually
import egress
from proofs import MODEL, Site
import stack

CONFIG = {"token_meter": {"filter_state": "all", "prices": [{"model": MODEL, "input": 2, "output": 8}]}}
OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
KEY_FILE = (
    f"/spec/configPatches/0/patch/value/typed_extension_protocol_options/{OPTIONS}/http_filters/1/typed_config/credential/typed_config"
    "/credential/sds_config/path_config_source")
BROKEN = "broken-stream"  # a request's id
CLIENTS_KEYS = {"authorization": "Bearer sk-of-the-client", "x-api-key": "sk-of-the-client"}
PATIENCE = "/spec/configPatches/1/patch/value/route/retry_policy/per_try_timeout"
SECRET = """resources:
- "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
  name: provider-key
  generic_secret: {{secret: {{inline_string: {key}}}}}
"""


class Providers:
    def __init__(self, stand):
        self.stand, self.mesh, self.egress = stand, stand.mesh, egress.here(stand)
        folder = self.mesh.folder / "provider"
        folder.mkdir()
        self.provider = self.mesh.add(stack.Fleet(folder))
        self.keys = pathlib.Path(folder) / "keys"
        self.keys.mkdir()
        self.from_agent = Site(self.egress.agent, self.provider, self.egress.site.url, egress.HOST)
        self.gateway = Site(stand.world.proxies["gateway"], self.provider)

    def attempts(self):
        self.rotate("sk-first")
        with self.stand.having(*self.manifests()):
            yield "the meter on the gateway", self.stand.loaded(CONFIG)
            for name, proxy in (("credentials", self.egress.gateway), ("fallback", self.gateway.proxy)):
                yield f"{name}: in the proxy, field by field", self.stand.kept(self.changed(name), proxy)
            yield "an application's request has the provider's key, and not its own", eventually(lambda: self.key_is("sk-first"))
            self.rotate("sk-second")
            yield "a new key, without a restart", eventually(lambda: self.key_is("sk-second"))
            yield "own servers answer as long as they can", eventually(self.own_servers_answer)
            for fault, told in (("error=429", "429"), ("blackhole=on", "503"), ("hang=on", "no answer in time")):
                yield f"own servers: {told}. The provider answers, with its key, and one answer is billed", self.falls_back(fault)
            yield "a stream that has begun is not sent twice", self.no_second_stream()

    def changed(self, name):
        file = {"path": str(self.keys / "provider.yaml"), "watched_directory": {"path": str(self.keys)}}
        values = {"credentials": {KEY_FILE: file}, "fallback": {PATIENCE: "1s"}}
        return self.stand.component(name, changed("EnvoyFilter", f"penstock-{name}", values[name]))

    def manifests(self):
        principals = [f"cluster.local/ns/demo/sa/{name}-account" for name in ("agent", "gateway")]
        around = self.egress.manifests(principals, self.provider)
        return *around, self.changed("credentials"), self.changed("fallback"), self.stand.filters(CONFIG)

    def rotate(self, key):
        """As the kubelet does: a new file, moved into its place."""
        new = self.keys / "new"
        new.write_text(SECRET.format(key=key))
        new.rename(self.keys / "provider.yaml")

    def key_is(self, key):
        answer = self.from_agent.ask("What is a fern?", **CLIENTS_KEYS)
        return str(answer) if answer.status != 200 else has_key(answer, key)

    def own_servers_answer(self):
        answer = self.gateway.ask("What is a fern?")
        return "" if answer.status == 200 and not answer.record() else f"the provider did, or nobody: {answer}"

    def falls_back(self, fault):
        def billed():
            return [self.gateway.counted("penstock_requests_total", outcome="complete"), self.gateway.counted("penstock_tokens_total", type="output")]
        set_faults(self.mesh.fleet, fault)
        before, answer = billed(), self.gateway.ask("What is a fern?", sim="in=30; out=20", **CLIENTS_KEYS)
        set_faults(self.mesh.fleet, "")
        if answer.status != 200:
            return str(answer)
        wrong = has_key(answer, "sk-second") or audit.differs(self.gateway.proxy, answer, {"attempts": 2, "output_tokens": "20", "status": 200})
        return wrong or eventually(lambda: "" if [now - then for now, then in zip(billed(), before)] == [1, 20] else "it is not billed once")

    def no_second_stream(self):
        """The client reads a broken answer, and the provider was not asked."""
        try:
            return f"a broken stream came whole: {self.gateway.ask('hi', stream=True, sim='out=20; reset=5', **{'x-request-id': BROKEN})}"
        except http.client.IncompleteRead:
            asked = json.loads(stack.get(f"{self.provider.url}/sim/truth?id={BROKEN}"))["requests"]
            return "it was sent twice" if asked else ""


def has_key(answer, key):
    headers = answer.record()["request_headers"]
    wrong = headers.get("authorization") != f"Bearer {key}" or "x-api-key" in headers
    return f"the provider was sent {sorted(headers.items())}" if wrong else ""


def set_faults(fleet, fault):
    """On all servers of a fleet. `error` is how they answer; the rest are faults."""
    page = "defaults" if fault.startswith("error") else "faults"
    for port in fleet.ports:
        for name, words, method in [(page, fault, "PUT")] if fault else [("defaults", "error=off", "PUT"), ("faults", "", "DELETE")]:
            stack.DIRECT.open(urllib.request.Request(f"http://127.0.0.1:{port}/sim/{name}", words.encode(), method=method), timeout=10).close()


def attempts(stand):
    yield from Providers(stand).attempts()
