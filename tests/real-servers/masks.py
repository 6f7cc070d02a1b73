"""Blanks what differs from one answer of a server to the next: ids, times, cache hits."""
import re

TEXTS = ["id", "item_id", "call_id", "tool_call_id", "response_id", "request_id", "created_at", "system_fingerprint"]
NUMBERS = ["created", "created_at", "completed_at", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration",
           "cached_tokens", "cache_read_input_tokens", "sequence_number"]
RULES = [
    (re.compile(rb'"(%s)":\s*"[^"]*"' % "|".join(TEXTS).encode()), rb'"\1":"*"'),
    (re.compile(rb'"(%s)":\s*[0-9.]+' % "|".join(NUMBERS).encode()), rb'"\1":0'),
    # llama-server puts them on its last chunk, which is another one where usage was asked for on the client's behalf.
    (re.compile(rb',"timings":\{[^{}]*\}'), b""),
    # Anthropic's input_tokens leave the cached ones out, so they move with the cache; their sum is compared elsewhere.
    (re.compile(rb'("cache_read_input_tokens":0,"input_tokens"):[0-9]+'), rb"\1:0"),
]


def mask(body):
    for pattern, blank in RULES:
        body = pattern.sub(blank, body)
    return body
