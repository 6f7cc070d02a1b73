"""The official SDKs against the simulated fleet, with or without a proxy between: typed errors, back-off, broken streams, usage."""
import json
import time

import anthropic
import httpx
import httpx2
import ollama
import openai
import pytest
from google.genai import errors as gemini

import clients
import traffic
from clients import Ask

STREAMS = {
    "openai_chat": openai,
    "openai_responses": openai,
    "openai_completions": openai,
    "anthropic_messages": anthropic,
    "ollama_chat": ollama,
    "ollama_generate": ollama,
    "gemini_generate": gemini,
}
TYPED = {
    400: "BadRequestError", 401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError", 429: "RateLimitError",
    500: "InternalServerError",
}
# What an SDK may raise when the connection breaks in mid-answer; two of them let the HTTP library's own error through.
BROKEN = {
    openai: openai.APIConnectionError,
    anthropic: (anthropic.APIConnectionError, httpx.TransportError, httpx2.TransportError),
    ollama: (httpx.TransportError, ConnectionError),
    gemini: (httpx.TransportError, httpx2.TransportError, gemini.APIError),
}
# What an SDK raises for the error event that its API has for streams under way.
MID_STREAM = {openai: openai.APIError, anthropic: anthropic.APIStatusError, ollama: ollama.ResponseError, gemini: gemini.APIError}


def ask(api, request_id, sim, **more):
    return Ask(api, "test-model", headers={"x-sim": sim, "x-request-id": request_id}, **more)


def typed_error(sdk, status):
    if sdk is ollama:
        return ollama.ResponseError
    if sdk is gemini:
        return gemini.ClientError if status < 500 else gemini.ServerError
    return getattr(sdk, TYPED[status])


def status_of(error):
    return getattr(error, "status_code", None) or getattr(error, "code", None)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("status", TYPED)
@pytest.mark.parametrize("api", STREAMS)
def test_a_denial_raises_the_typed_error(url, request_id, api, status, stream):
    expected = typed_error(STREAMS[api], status)
    with pytest.raises(expected) as raised:
        clients.send(url, ask(api, request_id, f"error={status}", stream=stream))
    assert status_of(raised.value) == status
    assert str(raised.value)


@pytest.mark.parametrize("api", ["openai_embeddings", "ollama_embed", "gemini_embed"])
def test_a_denied_embedding_raises_the_typed_error(url, request_id, api):
    sdk = {"openai_embeddings": openai, "ollama_embed": ollama, "gemini_embed": gemini}[api]
    with pytest.raises(typed_error(sdk, 429)):
        clients.send(url, ask(api, request_id, "error=429"))


@pytest.mark.parametrize("api", [api for api, sdk in STREAMS.items() if sdk in (openai, anthropic)])
def test_retry_after_sets_the_back_off(url, fleet, request_id, api, monkeypatch):
    """The wait is recorded, not waited. Ollama's and Google's SDKs do not read the header."""
    waits, sleep = [], time.sleep
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(STREAMS[api].RateLimitError) as raised:
        clients.send(url, ask(api, request_id, "error=429,7", retries=1))
    monkeypatch.setattr(time, "sleep", sleep)
    assert raised.value.response.headers["retry-after"] == "7"
    assert 7.0 in waits
    tries = [request["request_headers"]["x-stainless-retry-count"] for request in fleet.settled(request_id, 2)]
    assert tries == ["0", "1"]


@pytest.mark.parametrize("api", STREAMS)
def test_a_cut_stream_raises(url, request_id, api):
    with pytest.raises(BROKEN[STREAMS[api]]):
        clients.send(url, ask(api, request_id, "out=20; reset=3", stream=True))


@pytest.mark.parametrize("api", STREAMS)
def test_an_error_event_in_mid_stream_raises(url, request_id, api):
    with pytest.raises(MID_STREAM[STREAMS[api]]):
        clients.send(url, ask(api, request_id, "out=20; error_at=3", stream=True))


@pytest.mark.parametrize("api", STREAMS)
def test_after_a_cut_stream_the_next_request_is_served(url, request_id, api):
    with pytest.raises(BROKEN[STREAMS[api]]):
        clients.send(url, ask(api, request_id, "out=20; reset=3", stream=True))
    assert clients.send(url, ask(api, request_id, "out=5", stream=True)).text


def test_a_client_that_leaves_cancels_upstream(url, fleet, request_id):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="test", max_retries=0)
    headers = {"x-sim": "out=2000; tpot=10", "x-request-id": request_id}
    with client.chat.completions.create(
        model="test-model", messages=[{"role": "user", "content": "hi"}], stream=True, extra_headers=headers
    ) as stream:
        next(iter(stream))
    [request] = fleet.settled(request_id)
    assert request["outcome"] == "cancelled"
    assert request["sent_output_tokens"] < 2000


def comparable(api, truth):
    """The truth, as far as the API's format can tell it."""
    usage = {"input": truth["input_tokens"], "output": truth["output_tokens"], "cached": truth["cached_tokens"], "reasoning": truth["reasoning_tokens"]}
    absent = {"ollama_chat": ["cached", "reasoning"], "ollama_generate": ["cached", "reasoning"], "anthropic_messages": ["reasoning"]}
    return usage | dict.fromkeys(absent.get(api, []), 0)


ROUND = list(traffic.plan())


@pytest.mark.parametrize("number", range(len(ROUND)), ids=[f"{a.api}-{'stream' if a.stream else 'unary'}-{n}" for n, (a, _) in enumerate(ROUND)])
def test_the_sdk_sees_the_true_usage(url, fleet, request_id, number):
    request, sim = ROUND[number]
    request.headers = {"x-request-id": request_id, "x-sim": sim}
    seen = clients.send(url, request)
    [truth] = fleet.settled(request_id)
    assert truth["status"] == 200
    assert truth["model"] == request.model
    if request.api == "gemini_embed":
        assert seen.pieces == 2  # its answer says nothing of tokens
    elif request.stream and not request.ask_usage:
        assert seen.usage is None, "the client did not ask for usage and must not get it"
    else:
        assert seen.usage == comparable(request.api, truth["usage"])
    assert len(seen.calls) == (2 if request.tools else 0)


def test_lines_of_the_traffic_program_are_json(url):
    request, _ = ROUND[0]
    request.headers = {"x-request-id": "line"}
    line = json.loads(clients.to_json(traffic.one(url, request)))
    assert line["ok"] and set(line) == {"id", "api", "model", "stream", "ok", "usage", "text", "calls", "pieces", "error"}
