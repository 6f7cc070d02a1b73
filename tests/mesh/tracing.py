"""A request's trace: from its `traceparent` through the gateway and the server's own proxy to a real OpenTelemetry Collector, with the filters' figures."""
import dataclasses
import http.server
import json
import secrets
import threading

from components import Stand, eventually
from proofs import ADDRESS, ATTACK, MODEL, Answer
import resources
import stack

CONFIG = {
    "token_meter": {"tenant": {"header": "x-tenant"}, "filter_state": "all", "prices": [{"model": MODEL, "input": 2, "output": 8}]}, "prompt_guard": {},
    "pii_redactor": {}}
COLLECTOR, PORT = "otel-collector.penstock.svc.cluster.local", 4317
SERVER, HOST = "traced.demo.internal", "traced.example"
MARK = "zanzibar-4711"  # in prompts, answers and a query, and so nowhere in a span
SERVER_KIND, CLIENT_KIND = 2, 3  # of OTLP


class Sink(http.server.ThreadingHTTPServer):
    """Where the collector sends what it has: OTLP as JSON, over HTTP."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taker)
        self.texts = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def spans(self, trace):
        """All of a trace, their attributes as a dictionary."""
        parts = (scope for text in self.texts for resource in json.loads(text)["resourceSpans"] for scope in resource["scopeSpans"])
        return [
            span | {"attributes": {one["key"]: one["value"].get("stringValue") for one in span["attributes"]}}
            for part in parts for span in part["spans"] if span["traceId"] == trace]


class Taker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.texts.append(self.rfile.read(int(self.headers["content-length"])).decode())
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Collector:
    def __init__(self, folder, sink):
        folder.mkdir()
        self.port = stack.free_port()
        config = {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{self.port}"}}}},
            "exporters": {"otlp_http": {"endpoint": f"http://127.0.0.1:{sink.server_port}", "encoding": "json", "compression": "none"}},
            "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp_http"]}}}}
        (folder / "config.yaml").write_text(json.dumps(config))
        self.program = stack.Program("otel-collector", [stack.tool("tools/gomod.sh", "otel-collector"), "--config", folder / "config.yaml"], folder)
        stack.until(lambda: "Everything is ready" in self.program.log.read_text(), "the collector", [self.program])

    def stop(self):
        self.program.stop()


class Tracing:
    """The gateway has the filters, and the server is the pod `app` behind its sidecar, which has none."""

    def __init__(self, stand: Stand):
        self.stand, self.mesh, self.site = stand, stand.mesh, stand.world.sites["gateway"]
        self.gateway, self.app = (stand.world.proxies[name] for name in ("gateway", "sidecar"))
        self.sink = self.mesh.add(Sink())
        self.collector = self.mesh.add(Collector(self.mesh.folder / "tracing", self.sink))

    def manifests(self):
        collector = resources.service_entry("otel-collector", COLLECTOR, [self.collector.port], number=PORT, protocol="GRPC")
        server = resources.service_entry("traced", SERVER, [self.app.port]), resources.routes("traced", "edge", SERVER, [HOST])
        return collector, *server, self.stand.component("tracing"), self.stand.filters(CONFIG)

    def attempts(self):
        with self.stand.having(*self.manifests()):
            yield "the filters", self.stand.loaded(CONFIG)
            yield "the server behind its proxy", eventually(lambda: "" if self.ask("hi").answer.status == 200 else "no answer")
            unwanted = self.ask("What is a fern?", sampled="00")
            refused = self.ask(f"{ATTACK} {MARK}")
            traced = self.ask(f"Tell {ADDRESS} of {MARK}", stream=True, sim="in=30; out=20; content=echo")
            yield "a request with a traceparent: one tree of spans, through both proxies", eventually(lambda: self.one_tree(traced))
            yield "the gateway's span has what the filters know", self.tells(traced, {
                "http.url": f"http://{HOST}/v1/chat/completions", "http.status_code": "200", "gen_ai.request.model": MODEL,
                "gen_ai.usage.input_tokens": "30", "gen_ai.usage.output_tokens": "20", "penstock.api": "openai_chat", "penstock.tenant": "acme",
                "penstock.cached_tokens": "0", "penstock.reasoning_tokens": "0", "penstock.cost": "0.00022", "penstock.ttft_ms": ...,
                "penstock.outcome": "complete", "penstock.pii": ...})
            yield "a refused request: who refused", eventually(
                lambda: self.tells(refused, {"http.status_code": "400", "penstock.denied": "prompt_guard:prompt_guard"}))
            yield "a request whose client does not want it traced: no span, and the server is told so", self.untraced(unwanted)
            yield "nothing of what was said, no query", "" if MARK not in "".join(self.sink.texts) else "there is"
            self.collector.stop()
            yield "the collector is down: requests go on", "" if self.ask("What is a fern?").answer.status == 200 else "they do not"

    def ask(self, prompt, sampled="01", **options):
        trace, span = secrets.token_hex(16), secrets.token_hex(8)
        headers = {"host": HOST, "traceparent": f"00-{trace}-{span}-{sampled}", "x-tenant": "acme"}
        return Asked(self.site.ask(prompt, path=f"/v1/chat/completions?key={MARK}", **headers, **options), trace, span)

    def one_tree(self, asked):
        """The client's span, the gateway's two (of what came in and what went out), and that of the server's proxy: each the parent of the next."""
        spans = {span["parentSpanId"]: span for span in self.sink.spans(asked.trace)}
        chain, parent = [], asked.span
        while parent in spans:
            chain.append(spans[parent])
            parent = chain[-1]["spanId"]
        have = [(span["kind"], span["attributes"].get("node_id", "").split("~")[0]) for span in chain]
        right = have == [(SERVER_KIND, "router"), (CLIENT_KIND, ""), (SERVER_KIND, "sidecar")] and len(spans) == len(chain)
        return "" if right else f"of {len(spans)} spans a chain of {have}"

    def untraced(self, asked):
        told = asked.answer.record()["request_headers"].get("traceparent", "nothing")
        right = told.startswith(f"00-{asked.trace}-") and told.endswith("-00") and not self.sink.spans(asked.trace)
        return "" if right else f"the server was told {told}, and there are {len(self.sink.spans(asked.trace))} spans"

    def tells(self, asked, want):
        """`...` stands for anything that is there."""
        have = next((span["attributes"] for span in self.sink.spans(asked.trace) if span["parentSpanId"] == asked.span), {})
        wrong = {name: have.get(name) for name, value in want.items() if (not have.get(name) if value is ... else have.get(name) != value)}
        return f"the span has {wrong}" if wrong else ""


@dataclasses.dataclass
class Asked:
    """A request: its answer, its trace, and the span of the client that sent it."""
    answer: Answer
    trace: str
    span: str


def attempts(stand):
    yield from Tracing(stand).attempts()
