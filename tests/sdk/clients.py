"""One function for each model API: sends an `Ask` with the provider's own SDK and says what the SDK saw.

Usage is brought to one meaning: `input` is the whole prompt, cached tokens included; `output` includes reasoning.
"""
import dataclasses
import json

import anthropic
import ollama
import openai
from google import genai

KEY = "test"  # no provider is asked, so any will do
CITY = {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "get_weather", "description": "Weather of a city", "parameters": CITY}
TIMEOUT_S = 60


@dataclasses.dataclass
class Ask:
    api: str
    model: str
    stream: bool = False
    prompt: str = "Say something."
    tools: bool = False
    thinking: bool = False
    ask_usage: bool = True  # OpenAI streams bring usage only on request
    choices: int = 1
    max_tokens: int = 4096
    headers: dict = dataclasses.field(default_factory=dict)
    retries: int = 0


@dataclasses.dataclass
class Seen:
    usage: object = None  # {"input", "output", "cached", "reasoning"}
    text: str = ""
    reasoning: str = ""
    calls: list = dataclasses.field(default_factory=list)
    arguments: list = dataclasses.field(default_factory=list)  # one object for each call
    pieces: int = 0  # events of a stream, vectors of an embedding


def usage(input=0, output=0, cached=0, reasoning=0):
    return {"input": input or 0, "output": output or 0, "cached": cached or 0, "reasoning": reasoning or 0}


def detail(raw, group, field):
    return getattr(getattr(raw, group, None), field, 0)


def openai_client(url, ask):
    return openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=ask.retries, timeout=TIMEOUT_S, default_headers=ask.headers)


def openai_usage(raw):
    cached = detail(raw, "prompt_tokens_details", "cached_tokens")
    reasoning = detail(raw, "completion_tokens_details", "reasoning_tokens")
    return raw and usage(raw.prompt_tokens, getattr(raw, "completion_tokens", 0), cached, reasoning)


def stream_options(ask):
    return {"stream": True, **({"stream_options": {"include_usage": True}} if ask.ask_usage else {})} if ask.stream else {}


def openai_chat(url, ask):
    options = {"tools": [{"type": "function", "function": TOOL}]} if ask.tools else {}
    options |= {"n": ask.choices} if ask.choices > 1 else {}
    answer = openai_client(url, ask).chat.completions.create(
        model=ask.model, messages=[{"role": "user", "content": ask.prompt}], max_tokens=ask.max_tokens, **stream_options(ask), **options)
    seen, names, arguments = Seen(), {}, {}
    for part in answer if ask.stream else [answer]:
        seen.pieces += 1
        seen.usage = openai_usage(part.usage) or seen.usage
        for choice in part.choices:
            message = choice.delta if ask.stream else choice.message
            seen.text += message.content or ""
            seen.reasoning += getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None) or ""
            for order, call in enumerate(message.tool_calls or []):
                slot = (choice.index, call.index if ask.stream else order)
                names[slot] = names.get(slot, "") + (call.function.name or "")
                arguments[slot] = arguments.get(slot, "") + (call.function.arguments or "")
    seen.calls = [names[slot] for slot in sorted(names)]
    seen.arguments = [json.loads(arguments[slot]) for slot in sorted(names)]
    return seen


def openai_completions(url, ask):
    answer = openai_client(url, ask).completions.create(
        model=ask.model, prompt=ask.prompt, max_tokens=ask.max_tokens, **stream_options(ask))
    seen = Seen()
    for part in answer if ask.stream else [answer]:
        seen.pieces += 1
        seen.usage = openai_usage(part.usage) or seen.usage
        seen.text += "".join(choice.text for choice in part.choices)
    return seen


def response_seen(seen, response):
    for item in response.output:
        match item.type:
            case "message":
                seen.text += "".join(part.text for part in item.content if part.type == "output_text")
            case "reasoning":
                seen.reasoning += "".join(part.text for part in [*(item.content or []), *(item.summary or [])])
            case "function_call":
                seen.calls.append(item.name)
                seen.arguments.append(json.loads(item.arguments))
    raw = response.usage
    seen.usage = raw and usage(raw.input_tokens, raw.output_tokens, detail(raw, "input_tokens_details", "cached_tokens"),
                               detail(raw, "output_tokens_details", "reasoning_tokens"))


def openai_responses(url, ask):
    options = {"tools": [TOOL | {"type": "function"}]} if ask.tools else {}
    answer = openai_client(url, ask).responses.create(
        model=ask.model, input=ask.prompt, max_output_tokens=ask.max_tokens, stream=ask.stream, **options)
    seen, said = Seen(), ""
    if not ask.stream:
        response_seen(seen, answer)
        return seen
    for event in answer:
        seen.pieces += 1
        match event.type:
            case "response.output_text.delta":
                said += event.delta
            case "response.completed" | "response.incomplete":
                response_seen(seen, event.response)
    if said != seen.text:
        raise ValueError("the deltas and the final response differ")
    return seen


def openai_embeddings(url, ask):
    answer = openai_client(url, ask).embeddings.create(model=ask.model, input=[ask.prompt, "b"])
    return Seen(usage=openai_usage(answer.usage), pieces=len(answer.data))


def anthropic_usage(counters):
    cached = counters.get("cache_read_input_tokens") or 0
    whole = (counters.get("input_tokens") or 0) + cached + (counters.get("cache_creation_input_tokens") or 0)
    return usage(whole, counters.get("output_tokens"), cached)


def anthropic_block(seen, block):
    match block.type:
        case "text":
            seen.text += block.text
        case "thinking":
            seen.reasoning += block.thinking
        case "tool_use":
            seen.calls.append(block.name)
            seen.arguments.append(block.input)


def anthropic_messages(url, ask):
    client = anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=ask.retries, timeout=TIMEOUT_S, default_headers=ask.headers)
    options = {"tools": [{"name": TOOL["name"], "description": TOOL["description"], "input_schema": CITY}]} if ask.tools else {}
    options |= {"thinking": {"type": "enabled", "budget_tokens": 1024}} if ask.thinking else {}
    request = {"model": ask.model, "messages": [{"role": "user", "content": ask.prompt}], "max_tokens": ask.max_tokens, **options}
    seen = Seen()
    if not ask.stream:
        message = client.messages.create(**request)
    else:
        with client.messages.stream(**request) as events:
            seen.pieces = sum(1 for _ in events)
            message = events.get_final_message()
    for block in message.content:
        anthropic_block(seen, block)
    seen.usage = anthropic_usage(message.usage.model_dump())
    return seen


def ollama_seen(parts):
    seen = Seen()
    for part in parts:
        seen.pieces += 1
        message = getattr(part, "message", None)
        seen.text += (message.content if message else part.response) or ""
        seen.reasoning += (message or part).thinking or ""
        calls = [call.function for call in (message.tool_calls if message else None) or []]
        seen.calls += [call.name for call in calls]
        seen.arguments += [dict(call.arguments) for call in calls]
        if part.done:
            seen.usage = usage(part.prompt_eval_count, part.eval_count)
    return seen


def ollama_options(ask):
    return {"stream": ask.stream, "options": {"num_predict": ask.max_tokens}} | ({"think": True} if ask.thinking else {})


def ollama_chat(url, ask):
    tools = {"tools": [{"type": "function", "function": TOOL}]} if ask.tools else {}
    answer = ollama.Client(host=url, headers=ask.headers, timeout=TIMEOUT_S).chat(
        model=ask.model, messages=[{"role": "user", "content": ask.prompt}], **tools, **ollama_options(ask))
    return ollama_seen(answer if ask.stream else [answer])


def ollama_generate(url, ask):
    answer = ollama.Client(host=url, headers=ask.headers, timeout=TIMEOUT_S).generate(model=ask.model, prompt=ask.prompt, **ollama_options(ask))
    return ollama_seen(answer if ask.stream else [answer])


def ollama_embed(url, ask):
    answer = ollama.Client(host=url, headers=ask.headers, timeout=TIMEOUT_S).embed(model=ask.model, input=[ask.prompt, "b"])
    return Seen(usage=usage(answer.prompt_eval_count), pieces=len(answer.embeddings))


def gemini_client(url, ask):
    retry = {"attempts": ask.retries + 1}
    options = {"base_url": url, "headers": ask.headers, "timeout": TIMEOUT_S * 1000, "retry_options": retry}
    return genai.Client(api_key=KEY, vertexai=False, http_options=options)


def gemini_usage(raw):
    output = (raw.candidates_token_count or 0) + (raw.thoughts_token_count or 0)
    return usage(raw.prompt_token_count, output, raw.cached_content_token_count, raw.thoughts_token_count)


def gemini_generate(url, ask):
    config = {"max_output_tokens": ask.max_tokens, "candidate_count": ask.choices, "automatic_function_calling": {"disable": True}}
    config |= {"tools": [{"function_declarations": [TOOL]}]} if ask.tools else {}
    config |= {"thinking_config": {"include_thoughts": True}} if ask.thinking else {}
    client = gemini_client(url, ask)
    send = client.models.generate_content_stream if ask.stream else client.models.generate_content
    answer = send(model=ask.model, contents=ask.prompt, config=config)
    seen = Seen()
    for part in answer if ask.stream else [answer]:
        seen.pieces += 1
        seen.usage = gemini_usage(part.usage_metadata) if part.usage_metadata else seen.usage
        for piece in [piece for candidate in part.candidates or [] for piece in (candidate.content and candidate.content.parts) or []]:
            if piece.function_call:
                seen.calls.append(piece.function_call.name)
                seen.arguments.append(piece.function_call.args)
            elif piece.thought:
                seen.reasoning += piece.text or ""
            else:
                seen.text += piece.text or ""
    return seen


def gemini_embed(url, ask):
    client = gemini_client(url, ask)  # kept in a name: it closes its connections when collected
    answer = client.models.embed_content(model=ask.model, contents=[ask.prompt, "b"])
    return Seen(pieces=len(answer.embeddings))


APIS = {function.__name__: function for function in (
    openai_chat, openai_responses, openai_completions, openai_embeddings, anthropic_messages,
    ollama_chat, ollama_generate, ollama_embed, gemini_generate, gemini_embed)}


def send(url, ask):
    return APIS[ask.api](url.rstrip("/"), ask)


def error_line(error):
    """Class and status of what an SDK raised, without content."""
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return {"class": f"{type(error).__module__.split('.')[0]}.{type(error).__name__}", "status": status if isinstance(status, int) else None}


def to_json(line):
    return json.dumps(line, ensure_ascii=False)
