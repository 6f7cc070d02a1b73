"""Budgets that two real Envoys share, by Envoy's own rate limit service and a real Redis: what holds, and what is left when parts die.

    $(tools/python.sh) tests/global/check.py [STORY...]

Each story has tenants of its own. Envoy runs envoy-configs/global.yaml but for local budgets, the service the same names with small limits.
"""
import asyncio
import json
import pathlib
import random
import re
import signal
import sys
import tempfile
import time

import ground
import sdks
from ground import CALLS, CHAT, LIMITS, SHARE, USED

import proxies

CLIENTS, EACH = 200, 3
COST_MICRO = 30 * 2 + 20 * 8  # of 30 and 20 tokens, at the configuration's prices for gpt-4.1
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {"maxOutputTokens": 20}}
APIS = {
    "/v1/chat/completions": CHAT, "/v1/responses": {"model": "gpt-4.1", "input": "hi", "max_output_tokens": 20},
    "/v1/messages": CHAT | {"model": "claude-sonnet-4"}, "/api/chat": CHAT | {"model": "llama3.2", "stream": False},
    "/v1beta/models/gemini-2.5-flash:generateContent": GEMINI, "/v1/embeddings": {"model": "text-embedding-3-small", "input": "hi"}}


async def every_budget_of_the_example_has_its_limit(at):
    """What the example configurations of Envoy and of the service say of each other."""
    text = (proxies.stack.ROOT / proxies.CONFIG).read_text()
    budgets = re.findall(r"descriptor_key: budget, descriptor_value: (\w+)}", text)
    service = proxies.Service(at.proxies.place("example"), at.redis)
    try:
        for budget in budgets:
            entries = [{"key": "budget", "value": budget}, {"key": "tenant", "value": "trial"}]
            said = await at.client.post(service.json, json={"domain": "penstock", "descriptors": [{"entries": entries}]})
            [status] = said.json()["statuses"]
            assert status["currentLimit"]["name"] == budget, f"{budget}: {status}"
    finally:
        service.program.stop()
    return ", ".join(budgets)


async def the_sum_holds_under_parallel_load(at):
    """Once the charge that empties a budget is stored, nobody is let in, at either proxy."""
    chance, tenant = random.Random(7), "parallel"

    async def client(number):
        sims = [f"in={chance.randint(10, 40)}; out={chance.randint(5, 40)}; ttft={chance.randint(1, 400)}; tpot=3" for _ in range(EACH)]
        return [(await at.streams(at.envoys[number % 2], tenant, 1, sim))[0] for sim in sims]

    with ground.Monitor(at.redis, "tokens_minute", tenant) as seen:
        answers = sum(await asyncio.gather(*map(client, range(CLIENTS))), [])
        await at.booked(tenant, at.used(tenant))
    assert not any(map(at.let_through, at.envoys)), "the service was too slow for this test"
    let_in = sum(answer.status == 200 for answer in answers)
    assert {answer.refused_by for answer in answers} == {None, "budget_shared"}, "all others are refused by the service"
    charges = [amount for amount in seen.added if amount]
    assert len(charges) == let_in == len(at.asked(tenant)), f"{let_in} were let in, {len(charges)} charged"
    # How many questions had been answered, and how many charges stored, when the sum went above the limit?
    limit, spent, questions, stored = LIMITS[tenant], 0, 0, 0
    for amount in seen.added:
        if spent > limit:
            break
        spent, questions, stored = spent + amount, questions + (not amount), stored + bool(amount)
    assert questions == let_in, f"{let_in} were let in, but only {questions} before the budget was empty"
    running = charges[stored - 1:]
    over = sum(charges) - limit
    assert 0 < over <= sum(running)
    return (f"{sum(charges)} of {limit} tokens by {let_in} of {len(answers)} requests; {over} over, "
            f"at most {sum(running)} of the {len(running)} that ran when the last charge came")


async def a_proxy_guards_the_burst_and_the_service_the_sum(at):
    tenant, (one, two) = "held-both", at.envoys
    fits = SHARE // USED
    for number in range(1, fits + 1):
        assert (await at.send(one, tenant)).status == 200
        await at.booked(tenant, number * USED)
    calls = at.redis.spent("requests_minute", tenant)
    refusals = [await at.send(one, tenant) for _ in range(5)]
    assert {answer.refused_by for answer in refusals} == {"budget_share"}, "the first proxy has spent its share"
    assert at.redis.spent("requests_minute", tenant) == calls == fits, "what a proxy refuses does not reach the service"
    await at.booked(tenant, SHARE)
    assert at.redis.spent("money_month", tenant) == fits * COST_MICRO
    # The second proxy has a share of its own, but the sum is nearly spent.
    more = 0
    while (answer := await at.send(two, tenant)).status == 200:
        more += 1
        await at.booked(tenant, SHARE + more * USED)
    assert answer.refused_by == "budget_shared"
    assert more == (LIMITS[tenant] - SHARE) // USED + 1, "the service refuses once more than the limit is spent"
    # What the service refused is not charged by the proxy: all but the three that it let in would not fit its share.
    for _ in range(fits):
        assert (await at.send(two, tenant)).refused_by == "budget_shared"
    await at.booked(tenant, SHARE + more * USED)
    reserved, returned = (two.counted(f"penstock_budget_{what}_total.budget=.=share") for what in ("reserved", "returned"))
    assert reserved == returned, f"{reserved - returned} tokens are still held"
    return f"{SHARE} at one proxy, {more * USED} at the other, limit {LIMITS[tenant]}"


async def requests_are_counted_to_the_last(at):
    both = await asyncio.gather(*(at.streams(envoy, "counted", 2 * CALLS, "in=30; out=20") for envoy in at.envoys))
    codes = [answer.refused_by for answer in sum(both, [])]
    assert codes.count(None) == CALLS and codes.count("budget_shared") == 3 * CALLS, f"{codes.count(None)} were let in"
    return f"{CALLS} of {4 * CALLS}"


async def streams_that_break_are_charged(at):
    """By clients that leave, servers that break off, and budgets of a proxy that cut: what the meter found is what is booked."""
    one, long = at.envoys[0], "in=30; out=900; tpot=5"
    # Each worker learns from 20 answers how long they are, and sets no more aside for a request that names no bound.
    await asyncio.gather(*(at.send(one, "teaches") for _ in range(100)))
    await at.part_of_a_stream(one, "leaves", long, pieces=3)
    await at.part_of_a_stream(one, "is-left", "in=30; out=40; reset=5")
    cut = await at.part_of_a_stream(one, "held-cut", long)
    assert "budget_share" in cut, f"a stream of 930 tokens is cut, but it ends {cut[-300:]}"
    booked = {}
    for tenant in "leaves", "is-left", "held-cut":
        await at.until(f"something of {tenant} is booked", lambda: at.redis.spent("tokens_minute", tenant))
        booked[tenant] = at.redis.spent("tokens_minute", tenant)
        assert booked[tenant] == at.metered(one, tenant), f"{tenant}: {booked[tenant]} booked, {at.metered(one, tenant)} metered"
    assert booked["held-cut"] >= SHARE
    return ", ".join(f"{tokens} tokens of {tenant}" for tenant, tokens in booked.items())


async def refusals_have_the_shape_of_the_api(at):
    one = at.envoys[0]
    for tenant in "none-here", "none-there":
        assert (await at.send(one, tenant)).status == 200
        await at.booked(tenant, USED)
    for path, body in APIS.items():
        local, shared = [await at.send(one, tenant, path, body) for tenant in ("none-here", "none-there")]
        assert (local.status, shared.status) == (429, 429), f"{path}: {local.status} {shared.status}"
        have, want = shape(json.loads(shared.text)), shape(json.loads(local.text))
        assert have == want, f"{path}: the service's refusal is {have}, the meter's {want}"
        assert int(shared.headers["retry-after"]) > 0 and shared.headers["x-ratelimit-remaining"] == "0"
        assert "money" not in shared.headers["x-ratelimit-limit"]
    return f"{len(APIS)} APIs"


def shape(value):
    """What an object is made of, all the way down. Only strings and numbers may differ."""
    match value:
        case dict():
            return {name: shape(part) for name, part in value.items()}
        case list():
            return [shape(part) for part in value]
    return type(value).__name__


async def a_request_without_tenant_has_an_account(at):
    assert (await at.send(at.envoys[0], None)).status == 200
    await at.booked("none", USED)
    assert [(await at.send(envoy, None)).refused_by for envoy in at.envoys] == ["budget_shared"] * 2
    return ""


async def it_goes_on_without(at, part, tenants):
    """Kills a part in mid-load. Nobody waits for it, nobody fails by it, budgets of the proxies hold, and it comes back by itself."""
    running, alone = tenants
    assert (await at.send(at.envoys[0], running)).status == 200
    await at.booked(running, USED)
    load = asyncio.gather(*(at.streams(envoy, running, 20, "in=30; out=20; ttft=500; tpot=20") for envoy in at.envoys))
    await at.until("all run", lambda: len(at.asked(running)) == 41)
    let_through = [at.let_through(envoy) for envoy in at.envoys]
    part.kill()
    more = await asyncio.gather(*(at.streams(envoy, running, 20, "in=30; out=20") for envoy in at.envoys))
    answers = sum([*more, *await load], [])
    assert all(answer.status == 200 and "[DONE]" in answer.text for answer in answers), "all 80 get the whole of their answers"
    passed = [at.let_through(envoy) - was for envoy, was in zip(at.envoys, let_through)]
    assert passed == [20, 20], f"each proxy counts the 20 that it let through unasked, not {passed}"
    for envoy in at.envoys:
        statuses = [(await at.send(envoy, alone)).status for _ in range(SHARE // USED + 3)]
        assert statuses == [200] * (SHARE // USED) + [429] * 3, f"a proxy alone let in {statuses.count(200)}"
    part.start()
    for envoy in at.envoys:
        await at.asked_again(envoy)
    spent = lambda: at.redis.spent("tokens_minute", running)  # noqa: E731
    kept = spent()
    assert kept >= USED, "what was booked before is booked still"
    assert (await at.send(at.envoys[0], running)).status == 200
    await at.until("what is used now is booked", lambda: spent() >= kept + USED)
    return f"80 of 80 whole, {2 * SHARE} tokens by the proxies' own shares, {82 * USED - spent()} of {80 * USED} that ended meanwhile not booked"


async def without_redis(at):
    return await it_goes_on_without(at, at.redis, ("redis-dies", "held-without-redis"))


async def without_the_service(at):
    return await it_goes_on_without(at, at.service, ("service-dies", "held-without-service"))


async def a_redis_that_hangs_delays_and_no_more(at):
    """Each request waits as long as the configuration says, and goes on; what was charged meanwhile is booked late."""
    was = at.let_through(at.envoys[0])
    at.redis.program.process.send_signal(signal.SIGSTOP)
    try:
        answers = await at.streams(at.envoys[0], "redis-hangs", 5, "in=30; out=20")
    finally:
        at.redis.program.process.send_signal(signal.SIGCONT)
    assert all("[DONE]" in answer.text for answer in answers)
    assert at.let_through(at.envoys[0]) == was + 5
    return "5 of 5 whole"


async def clients_of_a_proxy_that_dies_go_to_the_other(at):
    tenant, (one, two) = "proxy-dies", at.envoys

    async def client(number):
        for envoy, sim in (two, "in=30; out=20; stall=5"), (one, "in=30; out=20"):  # the first attempt hangs until its proxy dies
            try:
                [answer] = await at.streams(envoy, tenant, 1, sim)
                return envoy, answer.status == 200 and "[DONE]" in answer.text
            except ground.httpx.TransportError:
                continue

    load = asyncio.gather(*map(client, range(20)))
    await at.until("20 run", lambda: len(at.asked(tenant)) == 20)
    two.kill()
    assert await load == [(one, True)] * 20
    await at.booked(tenant, 20 * USED)
    two.start_envoy()
    assert (await at.send(two, tenant)).status == 200
    await at.booked(tenant, 21 * USED)
    return f"20 of 20 whole; the {20 * USED} tokens of the second attempts are booked, the first ones' are not"


async def a_restart_forgets_local_windows_alone(at):
    tenant, two = "held-fresh", at.envoys[1]
    async def share():
        statuses = [(await at.send(two, tenant)).status for _ in range(SHARE // USED + 1)]
        assert statuses == [200] * (SHARE // USED) + [429], statuses
    await share()
    await at.send(two, "stale")
    await at.booked("stale", USED)
    assert (await at.send(two, "stale")).refused_by == "budget_shared"
    two.kill()
    two.start_envoy()
    await share()
    await at.booked(tenant, 2 * SHARE)
    assert (await at.send(two, "stale")).refused_by == "budget_shared"
    return f"{2 * SHARE} tokens at a proxy with a share of {SHARE}, all of them booked"


async def official_sdks_back_off(at):
    """Both wait as long as they are told, and succeed in a later window."""
    for send in (sdks.openai_chat, sdks.anthropic_messages):
        told, slept = await asyncio.to_thread(send, at, "second")
        assert told and slept == told, f"{send.__name__} was told {told} and slept {slept}"
    return ""


STORIES = [
    every_budget_of_the_example_has_its_limit, refusals_have_the_shape_of_the_api, a_request_without_tenant_has_an_account,
    streams_that_break_are_charged, requests_are_counted_to_the_last, the_sum_holds_under_parallel_load,
    a_proxy_guards_the_burst_and_the_service_the_sum, without_redis, without_the_service, a_redis_that_hangs_delays_and_no_more,
    clients_of_a_proxy_that_dies_go_to_the_other, a_restart_forgets_local_windows_alone, official_sdks_back_off]


async def main(wanted):
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        rules = ground.limits(pathlib.Path(folder) / "limits")
        with proxies.Proxies(limits=rules, edit=ground.edit) as running:
            at = ground.Ground(running)
            for story in [story for story in STORIES if not wanted or story.__name__ in wanted]:
                name, begin = story.__name__.replace("_", " "), time.monotonic()
                try:
                    print(f"ok   {name}: {await story(at)}".removesuffix(": "), f"({time.monotonic() - begin:.0f} s)", flush=True)
                    passed += 1
                except (AssertionError, ground.httpx.HTTPError, OSError) as error:
                    print(f"FAIL {name}: {type(error).__name__} {error}", flush=True)
                    failed += 1
            await at.client.aclose()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
