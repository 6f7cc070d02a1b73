"""Sends traffic of every API with the official SDKs and prints one JSON line for each request.

    $(tools/python.sh) tests/sdk/traffic.py [URL] [--rounds N] [--jobs N] [--only API] [--model MODEL] [--plain]

URL, or PENSTOCK_URL in the environment, is the base address of a proxy or of a server. Each request carries an own
`x-request-id`, and in `x-sim` what the simulated fleet is to answer (--plain leaves that out, for real servers).

    {"id", "api", "model", "stream", "ok", "usage": {"input", "output", "cached", "reasoning"} or null, "text", "calls",
     "pieces", "error": {"class", "status"} or null}

`usage` is what the SDK saw, `text` a length in characters. Exit code 1 if a request failed.
"""
import argparse
import concurrent.futures
import os
import secrets
import sys

import clients
from clients import Ask

CHAT = {
    "openai_chat": ["gpt-4.1", "gpt-4.1-mini"],
    "openai_responses": ["gpt-5-mini"],
    "anthropic_messages": ["claude-sonnet-5"],
    "ollama_chat": ["llama3.2"],
    "gemini_generate": ["gemini-2.5-flash"],
}
TEXT = {"openai_completions": ["gpt-3.5-turbo-instruct"], "ollama_generate": ["llama3.2"]}
EMBED = {"openai_embeddings": ["text-embedding-3-small"], "ollama_embed": ["nomic-embed-text"], "gemini_embed": ["gemini-embedding-001"]}
UNICODE = "in=90; out=120; content=unicode; chunk=rand"
# Google's SDK ends lines at U+2028, which Google's servers write as an escape: a text without it.
UNICODE_OF = {"gemini_generate": "in=90; say=Gr%C3%BC%C3%9Fe%20aus%20%E6%9D%B1%E4%BA%AC%20%F0%9F%98%80; chunk=rand"}
UNCACHED = {"ollama_chat"}  # its format has no field for cached tokens, nor for a count of reasoning tokens


def plan():
    """What one round sends: each API unary and streamed, with tools, reasoning, a cached prompt, several choices."""
    for api, models in CHAT.items():
        for model in models:
            for stream in (False, True):
                yield Ask(api, model, stream), "in=240; out=60"
                yield Ask(api, model, stream, tools=True), "in=310; out=0; tool=2"
                yield Ask(api, model, stream, thinking=True), "in=180; out=40; reason=90"
                if api not in UNCACHED:
                    yield Ask(api, model, stream), "in=2400; cached=1920; out=35"
            yield Ask(api, model, True), UNICODE_OF.get(api, UNICODE)
    for api, models in TEXT.items():
        for model in models:
            yield Ask(api, model), "in=30; out=25"
            yield Ask(api, model, True), "in=30; out=25"
    for api, models in EMBED.items():
        for model in models:
            yield Ask(api, model), "in=50"
    yield Ask("openai_chat", "gpt-4.1", True, choices=3), "in=70; out=20"
    yield Ask("openai_chat", "gpt-4.1", True, ask_usage=False), "in=75; out=45"


def one(url, ask):
    line = {"id": ask.headers["x-request-id"], "api": ask.api, "model": ask.model, "stream": ask.stream}
    try:
        seen = clients.send(url, ask)
    except Exception as error:  # an SDK may raise anything; which class it is, is the result
        return line | {"ok": False, "usage": None, "text": 0, "calls": 0, "pieces": 0, "error": clients.error_line(error)}
    return line | {"ok": True, "usage": seen.usage, "text": len(seen.text), "calls": len(seen.calls), "pieces": seen.pieces, "error": None}


def asks(options):
    run = secrets.token_hex(4)
    wanted = [(ask, sim) for _ in range(options.rounds) for ask, sim in plan() if options.only in ask.api]
    for number, (ask, sim) in enumerate(wanted):
        ask.headers = {"x-request-id": f"sdk-{run}-{number}"} | ({} if options.plain else {"x-sim": sim})
        ask.model = options.model or ask.model
        yield ask


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default=os.environ.get("PENSTOCK_URL"))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--model")
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    if not options.url:
        parser.error("no URL given, neither here nor in PENSTOCK_URL")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line in pool.map(lambda ask: one(options.url, ask), list(asks(options))):
            print(clients.to_json(line), flush=True)
            failed += not line["ok"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
