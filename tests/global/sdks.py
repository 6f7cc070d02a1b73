"""The official SDKs against a budget of a second that is spent: what they were told by `retry-after`, and how long they slept."""
import contextlib
import time

import anthropic
import httpx2  # what both send with
import openai

SPENT_S = 3  # windows from now on that are spent
RETRIES = 20
ATTEMPTS = 10  # on a machine so slow that the windows are over before the first request
PAST_S = 1  # the clock may go on while they are written


def openai_chat(at, tenant):
    def ask(url, client):
        sdk = openai.OpenAI(base_url=f"{url}/v1", api_key="test", http_client=client, max_retries=RETRIES)
        sdk.chat.completions.create(model="gpt-4.1", max_tokens=20, messages=[{"role": "user", "content": "hi"}])
    return backed_off(at, tenant, openai._base_client, ask)


def anthropic_messages(at, tenant):
    def ask(url, client):
        sdk = anthropic.Anthropic(base_url=url, api_key="test", http_client=client, max_retries=RETRIES)
        sdk.messages.create(model="claude-sonnet-4", max_tokens=20, messages=[{"role": "user", "content": "hi"}])
    return backed_off(at, tenant, anthropic._base_client, ask)


def backed_off(at, tenant, module, ask):
    """Seconds that the refusals told, and seconds that the SDK slept."""
    told, headers = [], {"x-tenant": tenant, "x-sim": "in=30; out=20"}

    def before(_):
        if not told:  # the first attempt
            spend(at, tenant)

    def after(answer):
        if answer.status_code == 429:
            told.append(float(answer.headers["retry-after"]))

    hooks = {"request": [before], "response": [after]}
    for _ in range(ATTEMPTS):
        with httpx2.Client(event_hooks=hooks, headers=headers, trust_env=False) as client, sleeping(module) as slept:
            ask(at.envoys[0].url, client)
        if told:
            break
    return told, slept


def spend(at, tenant):
    """Some windows are spent before anyone asks: what a burst at another proxy would do."""
    now = int(time.time())
    for second in range(now - PAST_S, now + SPENT_S):
        at.redis.ask("SET", f"penstock_budget_tokens_minute_tenant_{tenant}_{second}", 1000, "EX", 60)


@contextlib.contextmanager
def sleeping(module):
    """Notes how long the SDK sleeps between its attempts."""
    slept, clock = [], module.time

    class Clock:
        def __getattr__(self, name):
            return getattr(clock, name)

        def sleep(self, seconds):
            slept.append(seconds)
            clock.sleep(seconds)

    module.time = Clock()
    try:
        yield slept
    finally:
        module.time = clock
