"""A real Prometheus scrapes a real Envoy with Penstock's filters: its queries must give the numbers that the fleet knows.

    $(tools/python.sh) tests/prometheus/check.py

Totals are compared exactly. Every query of docs/token-meter.md is asked as it stands there, but for its range: two rounds of traffic are
sent, and ranges reach back to the pause between them. How fast a counter grew depends on when Prometheus looked, but the same way for
each series, so quotients of rates are compared with those of the second round.
"""
import collections
import concurrent.futures
import math
import pathlib
import re
import secrets
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "demo"), str(HERE.parent / "sdk")]
import clients  # noqa: E402  (found by the line above)
import figures  # noqa: E402
import server  # noqa: E402
import stack  # noqa: E402
import traffic  # noqa: E402

CONFIG = "envoy-configs/suite.yaml"
TENANTS = "acme", "zeta"
# What the redactor finds in it, by entity and rule.
PERSONAL = clients.Ask("openai_chat", "gpt-4.1", prompt="Write to ana.roe@example.org and bo@example.org, IBAN GB82 WEST 1234 5698 7654 32"), "in=30; out=20"
FINDS = {("EMAIL_ADDRESS", "email"): 2, ("IBAN_CODE", "iban"): 1}
BROKEN = clients.Ask("openai_chat", "broken-model", stream=True), "in=40; out=30; reset=5"
ROUND_OFF = 1e-9


def send(url):
    """A round of every API for two tenants, a request with personal data, and one stream that breaks."""
    run, asks = secrets.token_hex(4), [*traffic.plan(), PERSONAL, BROKEN]
    for number, (ask, sim) in enumerate(asks):
        ask.headers = {"x-request-id": f"prom-{run}-{number}", "x-sim": sim, "x-tenant": TENANTS[number % len(TENANTS)]}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        lines = list(pool.map(lambda pair: traffic.one(url, pair[0]), asks))
    failed = [line for line in lines if not line["ok"]]
    if [line["model"] for line in failed] != [BROKEN[0].model]:
        raise AssertionError(f"these SDK calls failed: {failed}")


class Ground:
    def __init__(self, proxy, prometheus):
        self.proxy, self.prometheus, self.prices = proxy, prometheus, figures.prices(CONFIG)
        self.begin = time.monotonic()

    def round(self):
        """Sends, and waits until Prometheus has seen all of it. What the fleet then knows, in all."""
        send(self.proxy.url)
        requests = figures.records(self.proxy.sim)
        for query in "penstock_requests_total", "penstock_request_duration_ms_count":
            self.prometheus.until(lambda: self.prometheus.number(query) >= len(requests), f"{query} is {len(requests)}")
        return requests

    def scraped(self):
        """Waits for a scrape that begins after now."""
        now = time.time()
        self.prometheus.until(lambda: self.prometheus.number("max(timestamp(penstock_requests_total))") > now, "another scrape")

    def pause(self):
        """Scrapes without traffic, around the begin of all ranges: they are in whole seconds. What follows is the second round."""
        self.scraped()
        self.begin = time.monotonic()
        self.scraped()
        self.scraped()

    def documented(self, name):
        """A query of the meter's page, over the time since the pause."""
        return re.sub(r"\[\d+[mhd]\]", f"[{time.monotonic() - self.begin:.0f}s]", queries()[name])


def totals(requests, key, value):
    sums = collections.Counter()
    for request in requests:
        sums[key(request)] += value(request)
    return {name: amount for name, amount in sums.items() if amount}


def exact(found, want, slack=0.0):
    """What differs between what a query gave and what must be."""
    have = {name: value for name, value in found.items() if value}
    return [f"{name}: {have.get(name, 0)} instead of {want.get(name, 0)}" for name in sorted(have.keys() | want.keys())
            if abs(have.get(name, 0) - want.get(name, 0)) > slack]


def by(label, answer):
    return {labels.get(label): value for labels, value in answer}


def whole(requests):
    return [request for request in requests if request["model"] != BROKEN[0].model]


def token_totals(ground, after, _):
    """Tokens by API, model and type."""
    for kind in figures.TOKENS:
        answer = ground.prometheus.ask(f'sum by (api, model) (penstock_tokens_total{{type="{kind}", model!="{BROKEN[0].model}"}})')
        want = totals(whole(after), lambda request: (figures.api(request), request["model"]), lambda request: figures.tokens(request)[kind])
        yield from exact({(labels["api"], labels["model"]): value for labels, value in answer}, want)


def request_totals(ground, after, _):
    """Requests by tenant and outcome, and how many streams have a time to first token."""
    answer = ground.prometheus.ask("sum by (tenant, outcome) (penstock_requests_total)")
    outcome = {"complete": "complete", "reset": "upstream_error"}
    want = totals(after, lambda request: (request["request_headers"]["x-tenant"], outcome[request["outcome"]]), lambda _: 1)
    yield from exact({(labels["tenant"], labels["outcome"]): value for labels, value in answer}, want)
    streams = sum(request["stream"] for request in after)
    yield from exact({"streams": ground.prometheus.number("penstock_time_to_first_token_ms_count")}, {"streams": streams})


def cost_totals(ground, after, _):
    """Cost by tenant, exact but for what each worker still carries in each series."""
    answer = by("tenant", ground.prometheus.ask("sum by (tenant) (penstock_cost_nano_total)"))
    want = totals(whole(after), lambda request: request["request_headers"]["x-tenant"],
                  lambda request: figures.cost(figures.price_of(ground.prices, request["model"]), figures.tokens(request)))
    yield from exact(answer, want, slack=stack.WORKERS * len(ground.prometheus.ask("penstock_cost_nano_total")))


def find_totals(ground, after, second):
    """Finds of the redactor by all of their labels."""
    rounds = len(after) / len(second)
    answer = ground.prometheus.ask("penstock_pii_finds_total")
    found = collections.Counter()
    for labels, value in answer:
        found[tuple(labels.get(name) for name in ("entity", "rule", "scope", "direction", "action"))] += value
    yield from exact(found, {(*names, "user", "request", "mask"): count * rounds for names, count in FINDS.items()})


def queries():
    """The queries of the meter's page by their comments."""
    page = (stack.ROOT / "docs/token-meter.md").read_text()
    block = re.search(r"```promql\n(.*?)```", page, re.S)[1]
    return dict(re.findall(r"^# (.*)\n([^#].*)$", block, re.M))


def answers_something(ground, query):
    answer = ground.prometheus.ask(query)
    return [] if any(math.isfinite(value) and value > 0 for _, value in answer) else [f"it gives {answer}"]


def rates(ground, _, second):
    """The documented rate of tokens: models have the shares that they had in the second round."""
    answer = by("model", ground.prometheus.ask(ground.documented("tokens a second, by model")))
    answer.pop(BROKEN[0].model, None)
    want = totals(whole(second), lambda request: request["model"], lambda request: sum(figures.tokens(request)[kind] for kind in ("input", "output")))
    all_rates, all_tokens = sum(answer.values()), sum(want.values())
    yield from exact({model: rate / all_rates for model, rate in answer.items()}, {model: count / all_tokens for model, count in want.items()}, ROUND_OFF)


def cached_share(ground, _, second):
    """The documented share of cached input is that of the second round."""
    answer = by("model", ground.prometheus.ask(ground.documented("share of the input that came from a prompt cache")))
    each = {kind: totals(whole(second), lambda request: request["model"], lambda request: figures.tokens(request)[kind]) for kind in ("cached", "input")}
    yield from exact(answer, {model: count / each["input"][model] for model, count in each["cached"].items()}, ROUND_OFF)


def estimated_share(ground, _, second):
    """The documented share of estimates: one broken stream in each round."""
    answer = ground.prometheus.number(ground.documented("share of exchanges whose usage is an estimate"))
    yield from exact({"share": answer}, {"share": 1 / len(second)}, ROUND_OFF)


CHECKS = token_totals, request_totals, cost_totals, find_totals, rates, cached_share, estimated_share


def attempts(ground):
    first = ground.round()
    ground.pause()
    after = ground.round()
    ground.scraped()
    for check in CHECKS:
        yield check.__doc__.splitlines()[0], lambda: list(check(ground, after, after[len(first):]))
    for name in queries():
        yield f"docs/token-meter.md: {name}", lambda: answers_something(ground, ground.documented(name))


def main():
    passed = failed = 0
    with stack.Stack(CONFIG) as proxy, server.Prometheus(proxy.admin) as prometheus:
        for name, attempt in attempts(Ground(proxy, prometheus)):
            wrong = attempt()
            print(f"FAIL {name} " + "; ".join(wrong[:8]) if wrong else f"ok   {name}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
