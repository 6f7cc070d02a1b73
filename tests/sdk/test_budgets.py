"""The official SDKs against a budget that is spent: they learn how it stands, wait as long as they are told, and succeed by themselves.

For envoy-configs/budgets.yaml: ten requests at once for each tenant, and one more each second.
"""
import os
import time
import urllib.request
import uuid

import anthropic
import openai
import pytest

SDKS = openai, anthropic
BURST = 10
MOST_TRIES = 100  # more than come back while they are sent
ASK = {"model": "test-model", "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
HEADERS = {
    openai: ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    anthropic: ("anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
}


@pytest.fixture(scope="session", autouse=True)
def configuration(url):
    admin = os.environ.get("PENSTOCK_ADMIN")
    text = urllib.request.urlopen(f"{admin}/config_dump").read().decode() if admin else ""
    if r'\"name\": \"calls\"' not in text:
        pytest.skip("no budget of calls between the SDKs and the fleet")


@pytest.fixture(params=SDKS, ids=["openai", "anthropic"])
def sdk(request):
    return request.param


@pytest.fixture
def tenant():
    """Each test has an account of its own."""
    return f"sdk-{uuid.uuid4()}"


def calls(url, sdk, tenant, retries=0, request_id=None):
    """What an SDK creates answers with."""
    headers = {"x-tenant": tenant, "x-sim": "in=5; out=5"} | ({"x-request-id": request_id} if request_id else {})
    options = {"api_key": "test", "max_retries": retries, "default_headers": headers}
    if sdk is openai:
        return openai.OpenAI(base_url=f"{url}/v1", **options).chat.completions
    return anthropic.Anthropic(base_url=url, **options).messages


def spend(url, sdk, tenant):
    """Sends until the budget is spent: how many were served, and the error that the SDK then raises."""
    one = calls(url, sdk, tenant)  # to make another for each request takes longer than the requests
    for served in range(MOST_TRIES):
        try:
            one.create(**ASK)
        except sdk.RateLimitError as error:
            return served, error
    raise AssertionError(f"{MOST_TRIES} requests were served without a pause")


def code(error):
    """Where each API has it."""
    return error.code if isinstance(error, openai.APIError) else error.body["error"]["code"]


def test_a_spent_budget_raises_the_typed_error(url, sdk, tenant):
    served, error = spend(url, sdk, tenant)
    assert served >= BURST
    assert error.status_code == 429
    assert code(error) == "budget_calls"
    assert "calls" in error.message
    assert error.response.headers["retry-after"] == "1"


def test_an_answer_says_how_the_budget_stands(url, sdk, tenant):
    first, second = (calls(url, sdk, tenant).with_raw_response.create(**ASK) for _ in range(2))
    limit, remaining, reset = HEADERS[sdk]
    assert first.headers[limit] == str(BURST)
    assert first.headers[remaining] == str(BURST - 1)
    assert int(second.headers[remaining]) < BURST
    assert first.headers[reset]


def test_a_refusal_says_how_the_budget_stands(url, sdk, tenant):
    _, error = spend(url, sdk, tenant)
    limit, remaining, reset = HEADERS[sdk]
    assert error.response.headers[limit] == str(BURST)
    assert error.response.headers[remaining] == "0"
    assert error.response.headers[reset]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_the_sdk_waits_and_succeeds(url, fleet, sdk, tenant, stream, monkeypatch):
    """It sleeps as long as the refusal says, and the fleet has the request once. A machine that is slow may find the budget filled again."""
    waits, sleep = [], time.sleep
    for _ in range(10):
        spend(url, sdk, tenant)
        waits.clear()
        request_id = f"test-{uuid.uuid4()}"
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", lambda seconds: (waits.append(seconds), sleep(seconds)))
            answer = calls(url, sdk, tenant, retries=5, request_id=request_id).create(**ASK, stream=stream)
            assert list(answer) if stream else answer
        [request] = fleet.settled(request_id)
        tries = int(request["request_headers"]["x-stainless-retry-count"])
        assert tries == waits.count(1.0)
        if tries:
            return
    raise AssertionError("no request was ever refused")
