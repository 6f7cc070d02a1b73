"""What the meter counted, read from Envoy, and what the fleet knows: both by API and model."""
import fnmatch
import fractions
import json
import re
import time

import stack

SAMPLE = re.compile(r'^(\w+?)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
TOKENS = ("input", "cached", "output", "reasoning")
NANO = 10**9
# Histograms are merged when Envoy flushes its statistics, each 5 s by default.
COUNTED_WITHIN_S = 60
# What a format has no field for, nobody on the wire can count.
UNTOLD = {"ollama_chat": {"cached", "reasoning"}, "ollama_generate": {"cached", "reasoning"}}
# The fleet names what it speaks by API and operation, the meter in one word.
API = {
    ("ollama", "chat"): "ollama_chat", ("ollama", "completion"): "ollama_generate", ("ollama", "embed"): "ollama_embed",
    ("embeddings", "embed"): "openai_embeddings", ("gemini", "embed"): "gemini_embed",
}


def samples(admin):
    """Triples of a metric's name, its labels and its value."""
    for line in stack.get(f"{admin}/stats/prometheus?filter=penstock").splitlines():
        found = SAMPLE.match(line)
        if found and not line.startswith("#"):
            yield found[1], dict(LABEL.findall(found[2] or "")), float(found[3])


def blank():
    return dict.fromkeys((*TOKENS, "requests", "estimated", "missing", "nano", "unpriced", "ttft_ms", "ttft_count", "tpot_us", "tpot_count", "ended"), 0)


FIELDS = {
    "penstock_requests_total": "requests", "penstock_cost_nano_total": "nano", "penstock_usage_estimated_total": "estimated",
    "penstock_usage_missing_total": "missing", "penstock_cost_missing_total": "unpriced",
    "penstock_time_to_first_token_ms_sum": "ttft_ms", "penstock_time_to_first_token_ms_count": "ttft_count",
    "penstock_time_per_output_token_us_sum": "tpot_us", "penstock_time_per_output_token_us_count": "tpot_count",
    "penstock_request_duration_ms_count": "ended",
}


def counted(admin):
    """{(api, model): figures} as the meter has them."""
    rows = {}
    for name, labels, value in samples(admin):
        field = labels.get("type") if name == "penstock_tokens_total" else FIELDS.get(name)
        row = rows.setdefault((labels["api"], labels["model"]), blank()) if "model" in labels else {}
        if field in row:
            row[field] += value
    return rows


def settled(admin, requests):
    """The same, once every request has ended and is in the histograms too."""
    until = time.monotonic() + COUNTED_WITHIN_S
    while True:
        rows = counted(admin)
        if sum(row["ended"] for row in rows.values()) >= requests or time.monotonic() > until:
            return rows
        time.sleep(0.1)


def records(sim):
    """Every request that the fleet has answered, oldest first."""
    return json.loads(stack.get(f"{sim}/sim/truth?limit=100000"))["requests"]


def api(request):
    """The meter's word for what a request spoke."""
    return API.get((request["api"], request["operation"]), request["api"])


def tokens(request):
    """What a request used, as far as its format can tell."""
    return {kind: 0 if kind in UNTOLD.get(api(request), ()) else request["usage"][f"{kind}_tokens"] for kind in TOKENS}


def known(sim, table):
    """{(api, model): figures} as the fleet has them, at the prices of the configuration."""
    rows = {}
    for request in records(sim):
        row = rows.setdefault((api(request), request["model"]), blank())
        for kind, count in tokens(request).items():
            row[kind] += count
        row["requests"] += 1
        row["nano"] += cost(price_of(table, request["model"]), tokens(request))
    return rows


def prices(config):
    """The price table of the meter in a configuration; its numbers stay exact."""
    text = (stack.ROOT / config).read_text()
    block = re.search(r"^( *)value: \|\n((?:\1  .*\n)+)", text, re.M)
    return json.loads(block[2], parse_float=fractions.Fraction)["token_meter"]["prices"]


def price_of(table, model):
    """An exact name before one with `*`."""
    found = [price for price in table if fnmatch.fnmatchcase(model, price["model"])]
    return min(found, key=lambda price: "*" in price["model"], default={})


def cost(price, used):
    """In 10^-9, exactly. Prices are for a million tokens; cached ones are part of the input."""
    fresh = used["input"] - used["cached"]
    each = price.get("input", 0), price.get("cached", price.get("input", 0)), price.get("output", 0)
    return sum(fractions.Fraction(rate) * count for rate, count in zip(each, (fresh, used["cached"], used["output"]))) * NANO / 10**6


def differences(counts, truth):
    """What of the meter's figures is not what the fleet knows, in words."""
    for key in sorted(counts.keys() | truth.keys()):
        have, want = counts.get(key, blank()), truth.get(key, blank())
        for field in ("requests", *TOKENS):
            if have[field] != want[field]:
                yield f"{'/'.join(key)}: the meter counted {have[field]:.0f} {field}, the fleet knows {want[field]:.0f}"
        # Each worker carries what is less than 10^-9 to its next cost.
        if abs(have["nano"] - want["nano"]) > stack.WORKERS:
            yield f"{'/'.join(key)}: the meter counted {have['nano']:.0f} nano of cost, the fleet's tokens come to {float(want['nano']):.1f}"
