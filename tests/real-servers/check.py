"""Asks a real server everything in cases.py and compares the answers with the scripts, byte for byte and token for token.

    python3 check.py llama|ollama                         # starts the server itself and asks it directly
    python3 check.py llama URL                            # asks a proxy in front of one that runs (see serve.py)
    python3 check.py llama URL --direct URL               # ... and compares each answer's bytes with the direct one
    python3 check.py llama URL --stats ADMIN_URL          # ... and the proxy's counters (see meter.py)
    --only TEXT: just the cases whose names hold TEXT

One line a case, then `N passed, N failed`; exit code 1 if one failed.
"""
import argparse
import dataclasses
import sys
import time

import cases
import masks
import meter
import serve
import wire

CREDENTIALS = [("authorization", "Bearer test"), ("x-api-key", "test"), ("anthropic-version", "2023-06-01")]
IDLE_WITHIN_S = 10


def differences(want, seen):
    """What of the answer is not as the script says, in words."""
    wanted = {index: want.text for index in range(want.choices)}
    if not want.vectors and {index: seen.texts.get(index, "") for index in wanted} != wanted:
        yield f"text is {seen.texts}, not {want.text!r} in {want.choices} choices"
    if seen.reasoning.strip() != want.reasoning:
        yield f"reasoning is {seen.reasoning!r}, not {want.reasoning!r}"
    if not cases.same_arguments(seen.calls, want.calls):
        yield f"tool calls are {seen.calls}, not {want.calls}"
    if not want.vectors and seen.finish != want.finish:
        yield f"finish is {seen.finish!r}, not {want.finish!r}"
    if not seen.done:
        yield "the end mark is missing"
    if len(seen.usages) != want.usages:
        yield f"usage stands {len(seen.usages)} times on the wire, not {want.usages}"
    yield from usage_differences(want, seen.usages)
    yield from vector_differences(want, seen.vectors)


def usage_differences(want, usages):
    for usage in usages:
        if (usage.input, usage.output) != (want.input, want.output):
            yield f"usage is {usage.input} in, {usage.output} out, not {want.input} and {want.output}"
        if not 0 <= usage.cached < max(1, usage.input):
            yield f"{usage.cached} of {usage.input} input tokens are said to be cached"
        if want.cached and usage.cached < want.input // 2:
            yield f"only {usage.cached} of {want.input} input tokens came from the cache"


def vector_differences(want, vectors):
    """Embeddings are one-hot, so a text's vector has weight on its bytes only; on how many of them is the server's pooling."""
    for text, vector in zip(want.vectors or [], vectors, strict=True):
        found = {place for place, weight in enumerate(vector) if abs(weight) > 1e-6}
        if not found or not found <= set(text):
            yield f"the vector of {text!r} has weight on {sorted(found)}"


def judge(case, answer):
    """All that is wrong with one answer."""
    if answer.status != case.want.status:
        return [f"status {answer.status}, not {case.want.status}: {answer.body[:200]!r}"]
    if not answer.whole:
        return ["the connection ended before the body did"]
    if case.want.holds.encode() not in answer.body:
        return [f"{case.want.holds!r} is not in the body {answer.body[:200]!r}"]
    if case.read is None:
        return []
    if answer.streamed != case.stream:
        return [f"content-type {answer.headers.get('content-type')}"]
    try:
        return list(differences(case.want, case.read(answer)))
    except (KeyError, IndexError, ValueError, AssertionError) as error:
        return [f"unreadable ({type(error).__name__}: {error}): {answer.body[:300]!r}"]


def compare(case, answer, direct):
    """Through the proxy the client must get the very bytes that the server sends, but for ids, times and cache hits."""
    if answer.status != direct.status or answer.headers.get("content-type") != direct.headers.get("content-type"):
        return ["status or content-type differ from the direct answer"]
    through, straight = masks.mask(answer.body), masks.mask(direct.body)
    if through == straight:
        return []
    at = next((i for i, (a, b) in enumerate(zip(through, straight)) if a != b), min(len(through), len(straight)))
    return [f"differs from the direct answer at byte {at}: {through[at - 20 : at + 60]!r} against {straight[at - 20 : at + 60]!r}"]


def run_case(case, url, direct, stats):
    if direct and case.unreadable:
        case = dataclasses.replace(case, want=cases.REFUSED, repeats=False)
    before = meter.snapshot(stats) if stats else None
    wrong = judge(case, answer := wire.ask(url, case.path, case.body, CREDENTIALS))
    if stats and not wrong:
        wrong += meter.differences(stats, before, case)
    if direct and not wrong and case.repeats:
        wrong += compare(case, answer, wire.ask(direct, case.path, case.body, CREDENTIALS))
    return wrong


def cancel(url):
    """A client that leaves an endless stream: the server must stop working on it soon."""
    body = {"model": "m", "messages": cases.user("#endless"), "max_tokens": 4000, "stream": True}
    with wire.Exchange(url, "/v1/chat/completions", body, CREDENTIALS) as exchange:
        if None in exchange.first(3):
            return ["the stream ended by itself"]
    until = time.monotonic() + IDLE_WITHIN_S
    while time.monotonic() < until:
        if not any(slot["is_processing"] for slot in wire.ask(url, "/slots").json()):
            return []
        time.sleep(0.05)
    return [f"the server still works on it after {IDLE_WITHIN_S} s"]


def attempts(options, url):
    """Pairs of a name and a function that says what is wrong."""
    chosen = [case for case in cases.SERVERS[options.server]() if options.only in case.name]
    before = meter.snapshot(options.stats) if options.stats else None
    for case in chosen:
        yield case.name, lambda case=case: run_case(case, url, options.direct, options.stats)
    if options.stats:
        yield "counters-in-total", lambda: meter.differences(options.stats, before, *chosen)
    if options.server == "llama" and options.only in "cancel":
        yield "cancel", lambda: cancel(url)


def check(options, url):
    passed = failed = 0
    for name, attempt in attempts(options, url):
        try:
            wrong = attempt()
        except OSError as error:
            wrong = [f"{type(error).__name__}: {error}"]
        print(f"ok   {name}" if not wrong else f"FAIL {name}: " + "; ".join(wrong), flush=True)
        passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", choices=cases.SERVERS)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--direct")
    parser.add_argument("--stats")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    if options.url:
        return check(options, options.url.rstrip("/"))
    with serve.Server(options.server) as server:
        return check(options, server.url)


if __name__ == "__main__":
    sys.exit(main())
