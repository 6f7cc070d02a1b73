"""Sends one stream through envoy-configs/tracing.yaml and looks for its figures in the span that Envoy sends to a collector."""
import http.server
import json
import sys
import threading
import time
import urllib.request

import figures
import stack

CONFIG, COLLECTOR = "envoy-configs/tracing.yaml", 4318
BODY = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "stream": True}
WITHIN_S = 30


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    spans = []

    def do_POST(self):
        self.spans.append(self.body())
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def body(self):
        """Envoy sends chunks."""
        if "content-length" in self.headers:
            return self.rfile.read(int(self.headers["content-length"]))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def log_message(self, *_):
        pass


def attribute(name, value):
    """As it stands in OTLP's protobuf: field 1 is the key, field 2 a value whose own field 1 is a string; lengths before each."""
    value = str(value).encode()
    return b"\n" + bytes([len(name)]) + name.encode() + b"\x12" + bytes([len(value) + 2]) + b"\n" + bytes([len(value)]) + value


def send(url):
    headers = {"content-type": "application/json", "x-sim": "in=321; out=45; cached=200; reason=6"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(BODY).encode(), headers)
    with stack.DIRECT.open(request, timeout=30) as answer:
        answer.read()


def wanted(used):
    return {
        "gen_ai.request.model": "gpt-4.1", "gen_ai.usage.input_tokens": used["input"], "gen_ai.usage.output_tokens": used["output"],
        "penstock.api": "openai_chat", "penstock.cached_tokens": used["cached"], "penstock.reasoning_tokens": used["reasoning"],
        "penstock.estimated": "false", "penstock.outcome": "complete",
    }


def main():
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    with stack.Stack(CONFIG, moved={COLLECTOR: collector.server_port}) as running:
        send(running.url)
        until = time.monotonic() + WITHIN_S
        while not Collector.spans and time.monotonic() < until:
            time.sleep(0.1)
        [used] = map(figures.tokens, figures.records(running.sim))
    missing = [f"{name}={value}" for name, value in wanted(used).items() if attribute(name, value) not in b"".join(Collector.spans)]
    print("FAIL not in the span: " + ", ".join(missing) if missing else "ok   the span has the meter's figures")
    print(f"{int(not missing)} passed, {int(bool(missing))} failed")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
