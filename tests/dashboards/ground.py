"""Real Envoys that show all that the dashboards ask for: the suite with budgets and blocks, the suite in shadow mode, and the picker, each before
a simulated fleet, and one real Prometheus that scrapes them."""
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import random
import re
import secrets
import tempfile
import time
import urllib.parse
import urllib.request

import attacks
import clients
import redactions
import server
import stack
import traffic

SUITE, PICKER = "envoy-configs/suite.yaml", "envoy-configs/cluster-picker.yaml"
TENANTS = "acme", "zeta", "initech"
JOBS = 6
SECOND, HOUR = {"per": "second"}, {"per": "hour"}
# The tight ones are of one tenant each, so that the others' traffic is free of them.
BUDGETS = [
    {"name": "day", "key": ["tenant"], "unit": "tokens", "limit": 100_000_000, "window": {"per": "day"}},
    {"name": "cost", "unit": "money", "limit": 1000, "window": HOUR},
    {"name": "calls", "scope": {"tenants": ["eager"]}, "unit": "requests", "limit": 1, "window": HOUR},
    {"name": "pace", "scope": {"tenants": ["chatty"]}, "unit": "tokens", "limit": 1200, "window": SECOND},
    {"name": "trial-calls", "scope": {"tenants": ["trial"]}, "unit": "requests", "limit": 1, "window": HOUR, "mode": "shadow"},
    {"name": "trial-pace", "scope": {"tenants": ["trial"]}, "unit": "tokens", "limit": 1200, "window": SECOND, "mode": "shadow"},
]
LONG = "in=20; out=3000; tpot=0"
PLACEHOLDER = "say=" + urllib.parse.quote("Is [EMAIL_9] yours?")
WORDS = [{"role": "user", "content": "hi"}]
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def with_budgets(config):
    config["token_meter"]["budgets"] = BUDGETS
    config["prompt_guard"] |= {"tenant": {"header": "x-tenant"}, "block": {"after": 3, "window_s": 3600, "for_s": 3600},
                               "judge": {"kind": "llama_guard", "cluster": "llm", "from": 0}}


def in_shadow(config):
    config["pii_redactor"]["mode"] = config["prompt_guard"]["mode"] = "shadow"


def with_groups(config):
    """Two backends are stable, the third is a canary, which is taken out once it fails more."""
    picker = config["cluster_picker"]
    for backend, group in zip(picker["backends"], ("stable", "stable", "canary")):
        backend |= {"group": group, "models": ["gpt-*", "claude-*", "gemini-*", "llama*", "text-*", "nomic-*"]}
    picker |= {"groups": [{"name": "stable", "share": 50}, {"name": "canary", "share": 50, "when": {"header": "x-canary"}}],
               "rollback": {"group": "canary", "to": "stable", "min_requests": 2, "more_errors_percent": 1}}
    picker["poll"]["interval_ms"] = 1000


def changed(path, change, folder):
    """A copy of a configuration with another filter configuration in it."""
    text = (stack.ROOT / path).read_text()
    indent, block = re.search(r"^( *)value: \|\n((?:\1  .*\n)+)", text, re.M).groups()
    config = json.loads(block)
    change(config)
    copy = folder / f"{change.__name__}.yaml"
    copy.write_text(text.replace(block, f"{indent}  {json.dumps(config)}\n"))
    return copy


class Ground:
    """`suite`, `shadow` and `picker` are the proxies, `prometheus` sees them all."""

    def __enter__(self):
        with contextlib.ExitStack() as open_ones:
            folder = pathlib.Path(open_ones.enter_context(tempfile.TemporaryDirectory(prefix="penstock-dashboards-")))
            self.suite, self.shadow, self.picker = (
                open_ones.enter_context(stack.Stack(changed(path, change, folder)))
                for path, change in ((SUITE, with_budgets), (SUITE, in_shadow), (PICKER, with_groups)))
            self.prometheus = open_ones.enter_context(server.Prometheus(self.suite.admin, self.shadow.admin, self.picker.admin))
            self.begin = time.time()
            self.close = open_ones.pop_all().close
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, number):
        """One round, from 0 on. A rate shows only what comes after a counter's first event, so it takes several. From the second on the fastest
        backend of the picker's refuses all, and the next is down between rounds."""
        fast, even, _ = self.picker.upstreams
        if number == 1:
            fault(fast, "blackhole=on")
        if number:
            fault(even, "restart=3")
            time.sleep(4)
        asks = list(self.round())
        random.Random(number).shuffle(asks)
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(lambda send: send(), asks))

    def round(self):
        """The official SDKs' round, through both, and what filters do something about."""
        for number, (ask, sim) in enumerate(traffic.plan()):
            yield sdk(self.picker if number % 2 else self.suite, ask, sim, TENANTS[number % len(TENANTS)])
        for part in self.refused, self.personal, self.spent, self.odd, self.steered:
            yield from part()

    def refused(self):
        """Attacks, each of its own tenant, and of one in each round that is blocked for his."""
        for proxy in self.suite, self.shadow:
            for number, (api, stream, prompt, said, *_) in enumerate(attacks.ASKS):
                sim = f"say={urllib.parse.quote(said or 'yes')}"
                yield sdk(proxy, clients.Ask(api, "test-model", stream, prompt=prompt), sim, f"guest-{number}")
        mallory = {"x-tenant": f"mallory-{secrets.token_hex(3)}"}
        for _ in range(6):
            yield raw(self.suite, "/v1/chat/completions", chat([{"role": "user", "content": attacks.ASKS[0][2]}]), **mallory)

    def personal(self):
        for proxy in self.suite, self.shadow:
            for api, stream, sim, prompt, _, value in redactions.ASKS:
                yield sdk(proxy, clients.Ask(api, "test-model", stream, prompt=prompt.format(value), tools="tool=" in sim), sim, "acme")
        yield sdk(self.suite, clients.Ask("openai_chat", "gpt-4.1", prompt="Write to ana.roe@example.org"), PLACEHOLDER, "acme")

    def spent(self):
        """Clients of tight budgets."""
        for tenant in "eager", "eager", "chatty", "trial", "trial":
            yield sdk(self.suite, clients.Ask("openai_chat", "gpt-4.1", True), LONG, tenant)

    def odd(self):
        """What cannot be read, seen or counted, and streams that break."""
        yield raw(self.suite, "/v1/chat/completions", b'{"messages": [')
        yield raw(self.suite, "/v1/chat/completions", chat([{"role": "user", "content": [IMAGE]}]), "usage=none; out=0")
        yield raw(self.suite, "/v1/chat/completions", chat([{"role": "system", "content": "Never say what follows. " * 20_000}, *WORDS]))
        yield raw(self.suite, "/v1/files", b"not read")
        yield raw(self.suite, "/v1/models")
        yield sdk(self.suite, clients.Ask("openai_chat", "gpt-4.1", stream=True), "in=40; out=30; reset=5", "acme")
        yield sdk(self.suite, clients.Ask("openai_chat", "gpt-4.1"), "in=40; out=30; usage=none", "zeta")

    def steered(self):
        """Requests that the picker refuses, or leaves to Envoy, and that a backend fails."""
        for _ in range(3):
            yield raw(self.picker, "/v1/chat/completions", chat(WORDS), **{"x-slo-ttft-ms": "1"})
            yield raw(self.picker, "/v1/chat/completions", chat(WORDS, "a-model-of-nobody"))
            yield raw(self.picker, "/v1/chat/completions", chat(WORDS), "error=500")
            for _ in range(3):
                yield raw(self.picker, "/v1/chat/completions", chat(WORDS), "error=500", **{"x-canary": "1"})


def chat(messages, model="gpt-4.1"):
    return json.dumps({"model": model, "messages": messages}).encode()


def sdk(proxy, ask, sim, tenant):
    """What sends a request with its API's own SDK; whether it is refused is not asked here."""
    ask.headers = {"x-request-id": f"board-{secrets.token_hex(6)}", "x-sim": sim, "x-tenant": tenant}
    return lambda: traffic.one(proxy.url, ask)


def raw(proxy, path, body=None, sim="in=40; out=30", **headers):
    request = urllib.request.Request(proxy.url + path, body, {"content-type": "application/json", "x-tenant": "acme", "x-sim": sim} | headers)

    def send():
        with contextlib.suppress(OSError, http.client.HTTPException):
            stack.DIRECT.open(request, timeout=30).read()
    return send


def fault(port, what):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/sim/faults", what.encode(), method="PUT")
    stack.DIRECT.open(request, timeout=30).read()
