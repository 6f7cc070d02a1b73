"""The official SDKs through the redactor: the client always has its own values, the fleet never does."""
import json
import os
import re
import urllib.parse
import urllib.request

import anthropic
import ollama
import openai
import pytest
from google.genai import errors as gemini

import clients
from clients import Ask

SDKS = {
    "openai_chat": openai, "openai_responses": openai, "openai_completions": openai, "anthropic_messages": anthropic,
    "ollama_chat": ollama, "ollama_generate": ollama, "gemini_generate": gemini,
}
WITH_TOOLS = ["openai_chat", "openai_responses", "anthropic_messages", "ollama_chat", "gemini_generate"]
EMBED = {"openai_embeddings": openai, "ollama_embed": ollama, "gemini_embed": gemini}
# Nobody's: example domains (RFC 2606), test cards, the IBAN of the standard's own example, a number for fiction.
VALUES = ["ana.roe@example.org", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "+1 202-555-0143"]
PROMPT = f'Ana "A.\\R." Roe, mail {VALUES[0]}, card {VALUES[1]},\nIBAN {VALUES[2]} 😀, phone {VALUES[3]}. 邮箱{VALUES[0]}。'
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDExampleExample\n-----END PRIVATE KEY-----"
PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")


@pytest.fixture(scope="session", autouse=True)
def redactor(url):
    admin = os.environ.get("PENSTOCK_ADMIN")
    if not admin or "pii_redactor" not in configured(admin):
        pytest.skip("no redactor between the SDKs and the fleet")


def configured(admin):
    with urllib.request.urlopen(f"{admin}/config_dump") as page:
        return page.read().decode()


def ask(api, request_id, sim, prompt=PROMPT, **more):
    return Ask(api, "test-model", prompt=prompt, headers={"x-sim": sim, "x-request-id": request_id}, **more)


def assert_masked(fleet, request_id, values=VALUES):
    text = fleet.received(request_id)
    assert [value for value in values if value in text] == []
    return text


@pytest.mark.parametrize("cut", ["chunk=event", "chunk=rand"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("api", SDKS)
def test_the_client_reads_its_own_values(url, fleet, request_id, api, stream, cut):
    seen = clients.send(url, ask(api, request_id, f"content=echo; {cut}", stream=stream))
    assert seen.text == PROMPT
    text = assert_masked(fleet, request_id)
    assert len(set(PLACEHOLDER.findall(text))) == len(VALUES)
    [truth] = fleet.settled(request_id)
    assert (seen.usage["input"], seen.usage["output"]) == (truth["usage"]["input_tokens"], truth["usage"]["output_tokens"])


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("api", WITH_TOOLS)
def test_arguments_of_tools_have_the_clients_own_values(url, fleet, request_id, api, stream):
    seen = clients.send(url, ask(api, request_id, "content=echo; tool=2", stream=stream, tools=True))
    assert seen.arguments == [{"text": PROMPT, "again": [PROMPT]}] * 2
    assert_masked(fleet, request_id)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_each_of_several_choices_is_restored(url, fleet, request_id, stream):
    seen = clients.send(url, ask("openai_chat", request_id, "content=echo", stream=stream, choices=2))
    assert sorted(seen.text) == sorted(PROMPT * 2)
    assert_masked(fleet, request_id)


@pytest.mark.parametrize("api", EMBED)
def test_embeddings_are_of_placeholders(url, fleet, request_id, api):
    assert clients.send(url, ask(api, request_id, "")).pieces == 2
    assert "[EMAIL_1]" in assert_masked(fleet, request_id)


@pytest.mark.parametrize("api", SDKS)
def test_an_answer_of_other_peoples_placeholders_stays(url, request_id, api):
    said = "[EMAIL_1] and [EMAIL_9] or [1]"
    seen = clients.send(url, ask(api, request_id, f"say={urllib.parse.quote(said)}; chunk=rand", stream=True))
    assert seen.text == f"{VALUES[0]} and [EMAIL_9] or [1]"


@pytest.mark.parametrize("api, stream", [(api, False) for api in [*SDKS, *EMBED]] + [(api, True) for api in SDKS])
def test_a_private_key_raises_the_typed_error(url, fleet, request_id, api, stream):
    with pytest.raises(refusal((SDKS | EMBED)[api])) as raised:
        clients.send(url, ask(api, request_id, "content=echo", prompt=f"my key:\n{KEY}", stream=stream))
    assert (getattr(raised.value, "status_code", None) or raised.value.code) == 400
    assert "PRIVATE_KEY" in str(raised.value) and "MIIE" not in str(raised.value)
    assert fleet.requests(request_id) == []


def refusal(sdk):
    return {openai: openai.BadRequestError, anthropic: anthropic.BadRequestError, ollama: ollama.ResponseError, gemini: gemini.ClientError}[sdk]


def test_a_turn_of_a_conversation_masks_all_of_its_history(url, fleet, request_id):
    """What came back restored is sent again, and is masked again."""
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=clients.KEY, max_retries=0)
    call = {"id": "t", "type": "function", "function": {"name": "get_weather", "arguments": json.dumps({"city": PROMPT})}}
    messages = [
        {"role": "system", "content": f"Serve {VALUES[0]}"}, {"role": "user", "content": PROMPT},
        {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "t", "content": json.dumps([PROMPT])},
        {"role": "user", "content": f"and {VALUES[0]}?"},
    ]
    answer = client.chat.completions.create(
        model="test-model", messages=messages, extra_headers={"x-sim": "content=echo", "x-request-id": request_id})
    assert answer.choices[0].message.content == f"and {VALUES[0]}?"
    text = assert_masked(fleet, request_id)
    assert text.count("[EMAIL_1]") == 8
