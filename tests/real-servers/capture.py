"""Writes raw answers of real servers as fixtures into tests/fixtures/real/<server>/.

    python3 capture.py [llama|ollama ...]

    <case>.http            what came over the wire: head, chunk sizes, chunks
    <case>.request.json    method, path and body of the request
    truth.json             for each case that uses a model what it must say and use, from the scripts

Embedding vectors are cut to their first numbers, with the chunking and the length made to fit again. Cases named
`edge-...` are answers that broke or waited; those of servers that were killed end in mid-air.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import sys

import cases
import serve
import wire

FOLDER = pathlib.Path(__file__).parent.parent / "fixtures/real"
SKIPPED = {"metrics", "no-such-path", "chat-fill-cache-unary", "chat-parts-unary", "chat-parts-stream", "too-long"}
CREDENTIALS = [("authorization", "Bearer test"), ("x-api-key", "test"), ("anthropic-version", "2023-06-01")]
VECTOR = re.compile(rb"\[((?:-?[0-9.e-]+,){8})(?:-?[0-9.e-]+,?){20,}\]")
SPOKEN_BEFORE_KILL = 4  # chunks


def shortened(answer):
    """Vectors are hundreds of zeros."""
    body = VECTOR.sub(lambda match: b"[" + match.group(1).rstrip(b",") + b"]", answer.body)
    if body == answer.body:
        return answer.head, answer.chunks
    head = re.sub(rb"(?i)(content-length: )\d+", lambda match: match.group(1) + str(len(body)).encode(), answer.head)
    return head, [body]


def raw(answer):
    head, chunks = shortened(answer)
    if answer.headers.get("transfer-encoding") != "chunked":
        return head + b"".join(chunks)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + (b"0\r\n\r\n" if answer.whole else b"")


def truth(case, answer):
    """Tokens and text come from the script; only how many of them were cached is the server's word."""
    want, usages = case.want, case.read(answer).usages
    return {
        "format": case.read.__name__, "stream": case.stream, "text": want.text, "reasoning": want.reasoning, "choices": want.choices,
        "calls": want.calls, "finish": want.finish, "input": want.input, "output": want.output,
        "cached": usages[-1].cached if usages else 0, "usages": want.usages,
    }


def write(folder, name, path, body, answer):
    (folder / f"{name}.http").write_bytes(raw(answer))
    asked = {"method": "GET" if body is None else "POST", "path": path, "body": body}
    (folder / f"{name}.request.json").write_text(json.dumps(asked, ensure_ascii=False, indent=1) + "\n")


def regular(name, folder):
    truths = {}
    with serve.Server(name) as server:
        for case in cases.SERVERS[name]():
            if case.name in SKIPPED:
                continue
            answer = wire.ask(server.url, case.path, case.body, CREDENTIALS)
            write(folder, case.name, case.path, case.body, answer)
            if case.read:
                truths[case.name] = truth(case, answer)
    (folder / "truth.json").write_text(json.dumps(truths, ensure_ascii=False, indent=1) + "\n")


def endless(model):
    """The same endless stream over each dialect."""
    chat = {"model": model, "messages": cases.user("#endless"), "max_tokens": 3000, "stream": True}
    yield "edge-killed-chat-stream", "/v1/chat/completions", chat | cases.USAGE
    yield "edge-killed-responses-stream", "/v1/responses", {"model": model, "input": "#endless", "max_output_tokens": 3000, "stream": True}
    yield "edge-killed-messages-stream", "/v1/messages", chat


def killed(server, path, body, kill):
    """The answer of a server, or of its model process, that dies after some chunks. What it had sent on top is left out."""
    with wire.Exchange(server.url, path, body, CREDENTIALS) as exchange:
        status, headers, head = exchange.head()
        chunks = [exchange.chunk() for _ in range(SPOKEN_BEFORE_KILL)]
        kill()
        rest, whole = exchange.body(headers)
    return wire.Answer(status, headers, head, chunks + rest[-1:] if whole else chunks, whole)


def runner_of(server):
    """The process that runs the model: a child of Ollama's."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == server.process.pid:
            return int(folder.name)
    raise RuntimeError("Ollama has no model process")


def llama_edges(folder):
    for name, path, body in endless("scripted"):
        with serve.Server("llama") as server:
            write(folder, name, path, body, killed(server, path, body, server.process.kill))
    body = {"model": "scripted", "messages": cases.user("wait " * 700), "max_tokens": 4, "stream": True}
    with serve.Server("llama", options=["--sse-ping-interval", "1"]) as server:
        write(folder, "edge-ping-stream", "/v1/chat/completions", body | {"messages": cases.user("wait (700 times)")},
              wire.ask(server.url, "/v1/chat/completions", body, CREDENTIALS))


def ollama_edges(folder):
    model = "scripted-endless"
    native = {"model": model, "messages": cases.user("#endless"), "options": {"num_predict": 3000}}
    with serve.Server("ollama") as server:
        for name, path, body in [*endless(model), ("edge-killed-api-chat-stream", "/api/chat", native)]:
            kill = lambda: os.kill(runner_of(server), signal.SIGKILL)
            write(folder, name, path, body, killed(server, path, body, kill))


def capture(name):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    regular(name, folder)
    {"llama": llama_edges, "ollama": ollama_edges}[name](folder)
    print(f"{name}: {len(list(folder.glob('*.http')))} answers, {sum(file.stat().st_size for file in folder.iterdir())} bytes")


if __name__ == "__main__":
    for server in sys.argv[1:] or cases.SERVERS:
        capture(server)
