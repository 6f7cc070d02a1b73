"""What the stories of check.py stand on: two Envoys with a shared budget, clients, and the books of all who keep some."""
import asyncio
import contextlib
import dataclasses
import json
import pathlib
import re
import sys
import threading

import httpx

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "demo")]
import figures  # noqa: E402  (found by the line above)
import proxies  # noqa: E402

WITHIN_S = 60
SHARE = 300  # tokens that a tenant `held-...` may spend at one proxy
# Of local budgets one that slides by days at a time, of the service one of 365 days from 1970: no border is met while this runs.
LOCAL, SHARED = {"per": "month", "kind": "sliding"}, "year"
BUDGETS = [
    {"name": "share", "key": ["tenant"], "unit": "tokens", "limit": SHARE, "window": LOCAL, "scope": {"tenants": ["held-*"]}},
    {"name": "little", "key": ["tenant"], "unit": "tokens", "limit": 40, "window": LOCAL, "scope": {"tenants": ["none-here"]}}]
ANSWER_S = "5s"  # for the service, on a machine that is busy
# Of tokens, by tenant; besides, `second` has windows of a second.
LIMITS = {"parallel": 12000, "held-both": 450, "held-fresh": 100000, "none-there": 10, "stale": 10, "none": 10}
CALLS = 20  # requests of the tenant `counted`
PLENTY = 1_000_000_000
IN, OUT = 30, 20
USED = IN + OUT
CHAT = {"model": "gpt-4.1", "max_tokens": OUT, "messages": [{"role": "user", "content": "hi"}]}


def limits(folder):
    """The service's configuration: the names of the real one, with limits of these stories."""
    def rule(budget, unit, amount, tenant=None):
        value = {"value": tenant} if tenant else {}
        return {"key": "tenant", **value, "rate_limit": {"name": budget, "unit": unit, "requests_per_unit": amount}}
    minute = [rule("tokens_minute", SHARED, amount, tenant) for tenant, amount in LIMITS.items()]
    minute += [rule("tokens_minute", "second", USED, "second"), rule("tokens_minute", SHARED, PLENTY)]
    others = [(budget, [rule(budget, SHARED, PLENTY)]) for budget in ("money_month", "tokens_day")]
    others += [("requests_minute", [rule("requests_minute", SHARED, CALLS, "counted"), rule("requests_minute", SHARED, PLENTY)])]
    budgets = [{"key": "budget", "value": name, "descriptors": rules} for name, rules in [*others, ("tokens_minute", minute)]]
    folder.mkdir()
    (folder / "config.yaml").write_text(json.dumps({"domain": "penstock", "descriptors": budgets}))
    return folder


def edit(text):
    """The real configuration, with local budgets and a patience of these stories."""
    text, budgets = re.subn(r'"budgets": \[.*?\n +\]', lambda _: f'"budgets": {json.dumps(BUDGETS)}', text, flags=re.S)
    text, patience = re.subn(r"timeout: 0\.25s\n( +failure_mode_deny)", rf"timeout: {ANSWER_S}\n\1", text)
    assert budgets == patience == 1, "envoy-configs/global.yaml is not as these tests know it"
    return text


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    text: str

    @property
    def refused_by(self):
        """The code of a refusal."""
        return json.loads(self.text)["error"]["code"] if self.status == 429 else None


class Ground:
    def __init__(self, running):
        self.proxies, self.envoys, self.redis, self.service = running, running.envoys, running.redis, running.service
        limits = httpx.Limits(max_connections=1000, max_keepalive_connections=0)
        self.client = httpx.AsyncClient(timeout=WITHIN_S, trust_env=False, limits=limits)

    async def send(self, envoy, tenant, path="/v1/chat/completions", body=CHAT, sim=f"in={IN}; out={OUT}", headers=()):
        own = [("x-sim", sim)] + ([("x-tenant", tenant)] if tenant else [])
        answer = await self.client.post(f"{envoy.url}{path}", json=body, headers=[*own, *headers])
        return Answer(answer.status_code, answer.headers, answer.text)

    async def streams(self, envoy, tenant, count, sim):
        """Clients that come at once. Each wants the whole of its answer."""
        return await asyncio.gather(*(self.send(envoy, tenant, body=CHAT | {"stream": True}, sim=sim) for _ in range(count)))

    async def part_of_a_stream(self, envoy, tenant, sim, pieces=0):
        """What comes of a stream until it breaks, or so many pieces have come and the client leaves."""
        text, headers = "", {"x-tenant": tenant, "x-sim": sim}
        body = {"model": CHAT["model"], "messages": CHAT["messages"], "stream": True}
        with contextlib.suppress(httpx.TransportError):
            async with self.client.stream("POST", f"{envoy.url}/v1/chat/completions", json=body, headers=headers) as answer:
                async for piece in answer.aiter_text():
                    text, pieces = text + piece, pieces - 1
                    if not pieces:
                        break
        return text

    async def until(self, what, holds):
        """Waits until it holds."""
        for _ in range(WITHIN_S * 20):
            if holds():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {WITHIN_S} s: {what}")

    def asked(self, tenant):
        """The requests of a tenant that reached the fleet."""
        return [one for one in figures.records(self.envoys[0].sim) if one["request_headers"].get("x-tenant") == tenant]

    def used(self, tenant):
        return sum(one["usage"]["input_tokens"] + one["usage"]["output_tokens"] for one in self.asked(tenant) if one["outcome"] == "complete")

    def metered(self, envoy, tenant):
        """Tokens that a proxy's meter has counted for a tenant."""
        return sum(
            value for name, labels, value in figures.samples(envoy.admin)
            if name == "penstock_tokens_total" and labels["tenant"] == tenant and labels["type"] in ("input", "output"))

    async def booked(self, tenant, tokens):
        """Waits for the charges of what has ended: clients have their answers before."""
        spent = lambda: self.redis.spent("tokens_minute", tenant)  # noqa: E731
        await self.until(f"{tokens} tokens of {tenant} are booked", lambda: spent() >= tokens)
        assert spent() == tokens, f"{spent()} tokens of {tenant} are booked, {tokens} were used"

    async def asked_again(self, envoy):
        """Sends until the service has answered."""
        answered = envoy.counted("ratelimit.ok")
        for _ in range(WITHIN_S * 10):
            await self.send(envoy, "probe")
            if envoy.counted("ratelimit.ok") > answered:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"the service is not asked again within {WITHIN_S} s")

    def let_through(self, envoy):
        """Requests that went on because the service could not be asked."""
        return envoy.counted("ratelimit.failure_mode_allowed")


class Monitor:
    """All that Redis does to one key, in its order: amounts that were added. A question adds 0."""

    def __init__(self, redis, budget, tenant):
        self.redis, self.key, self.added = redis, f'"penstock_budget_{budget}_tenant_{tenant}_', []
        self.listening, self.last = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.listen, daemon=True)

    def __enter__(self):
        self.thread.start()
        assert self.listening.wait(WITHIN_S), "Redis does not say what it does"
        return self

    def __exit__(self, *_):
        self.redis.ask("ECHO", "the last")
        assert self.last.wait(WITHIN_S), "Redis no longer says what it does"

    def listen(self):
        with self.redis.session("MONITOR") as said:
            for line in said:
                match line.decode(errors="replace").split():
                    case ["+OK"]:
                        self.listening.set()
                    case [_, _, _, '"INCRBY"', key, amount] if key.startswith(self.key):
                        self.added.append(int(amount.strip('"')))
                    case [_, _, _, '"ECHO"', *_]:
                        self.last.set()
                        return
