"""Reads a model server's answer in each API's own format into one form, `Seen`, to compare with what must have been said.

Written from the providers' API references, apart from the filters' code on purpose: a mistake there must not hide here.
"""
import dataclasses
import json

import wire


@dataclasses.dataclass
class Usage:
    input: int  # all prompt tokens, cached ones too
    output: int
    cached: int = 0


@dataclasses.dataclass
class Seen:
    texts: dict = dataclasses.field(default_factory=dict)  # choice index -> text
    reasoning: str = ""
    calls: list = dataclasses.field(default_factory=list)  # (name, arguments as JSON text)
    finish: object = None
    usages: list = dataclasses.field(default_factory=list)  # every usage on the wire, in order
    done: bool = True  # the dialect's own end mark was there
    vectors: list = dataclasses.field(default_factory=list)
    model: object = None

    def say(self, index, text):
        self.texts[index] = self.texts.get(index, "") + (text or "")


def openai_usage(raw):
    details = raw.get("prompt_tokens_details") or {}
    return Usage(raw["prompt_tokens"], raw.get("completion_tokens", 0), details.get("cached_tokens", 0))


def chat_calls(seen, calls, slots):
    """Pieces of one call carry its index; a unary answer has whole calls."""
    for order, call in enumerate(calls or []):
        slot = call.get("index", order)
        slots.setdefault(slot, ["", ""])
        slots[slot][0] += call["function"].get("name") or ""
        slots[slot][1] += call["function"].get("arguments") or ""
    seen.calls = [tuple(slots[slot]) for slot in sorted(slots)]


def openai_documents(answer):
    """The JSON documents of an answer, and whether its end mark was there."""
    if not answer.streamed:
        return [answer.json()], True
    data = [data for _, data in wire.events(answer.body)]
    return [json.loads(item) for item in data if item != "[DONE]"], data[-1:] == ["[DONE]"]


def openai_chat(answer):
    seen, slots = Seen(), {}
    documents, seen.done = openai_documents(answer)
    for document in documents:
        seen.model = document.get("model") or seen.model
        for choice in document["choices"]:
            message = choice.get("message") or choice.get("delta") or {}
            seen.say(choice["index"], message.get("content"))
            seen.reasoning += message.get("reasoning_content") or message.get("reasoning") or ""
            chat_calls(seen, message.get("tool_calls"), slots)
            seen.finish = choice.get("finish_reason") or seen.finish
        if document.get("usage"):
            seen.usages.append(openai_usage(document["usage"]))
    return seen


def openai_completions(answer):
    seen = Seen()
    documents, seen.done = openai_documents(answer)
    for document in documents:
        seen.model = document.get("model") or seen.model
        for choice in document["choices"]:
            seen.say(choice["index"], choice["text"])
            seen.finish = choice.get("finish_reason") or seen.finish
        if document.get("usage"):
            seen.usages.append(openai_usage(document["usage"]))
    return seen


def openai_embeddings(answer):
    document = answer.json()
    vectors = [item["embedding"] for item in document["data"]]
    return Seen(vectors=vectors, usages=[openai_usage(document["usage"])], model=document.get("model"))


def response_items(seen, response):
    for item in response["output"]:
        match item["type"]:
            case "message":
                seen.say(0, "".join(part["text"] for part in item["content"]))
            case "reasoning":
                seen.reasoning += "".join(part["text"] for part in [*(item.get("content") or []), *(item.get("summary") or [])])
            case "function_call":
                seen.calls.append((item["name"], item["arguments"]))
    raw = response["usage"]
    cached = (raw.get("input_tokens_details") or {}).get("cached_tokens", 0)
    seen.usages.append(Usage(raw["input_tokens"], raw["output_tokens"], cached))
    seen.finish, seen.model = response["status"], response.get("model")


def openai_responses(answer):
    """A stream says all twice: in deltas and in the final response. Both must agree."""
    if not answer.streamed:
        seen = Seen()
        response_items(seen, answer.json())
        return seen
    seen, said, arguments = Seen(done=False), "", ""
    for name, data in wire.events(answer.body):
        document = json.loads(data)
        assert name == document["type"], f"event {name} carries type {document['type']}"
        match name:
            case "response.output_text.delta":
                said += document["delta"]
            case "response.function_call_arguments.delta":
                arguments += document["delta"]
            case "response.completed" | "response.incomplete":
                seen.done = True
                response_items(seen, document["response"])
    assert said == seen.texts.get(0, ""), "deltas and final text differ"
    assert arguments == "".join(text for _, text in seen.calls), "deltas and final arguments differ"
    return seen


def anthropic_usage(raw):
    cached = raw.get("cache_read_input_tokens") or 0
    return Usage(raw["input_tokens"] + cached + (raw.get("cache_creation_input_tokens") or 0), raw["output_tokens"], cached)


def anthropic_block(seen, block):
    match block["type"]:
        case "text":
            seen.say(0, block["text"])
        case "thinking":
            seen.reasoning += block["thinking"]
        case "tool_use":
            seen.calls.append((block["name"], json.dumps(block["input"])))


def anthropic_stream(answer):
    """The last value of each counter counts; text, thinking and arguments come in pieces by block index."""
    seen, blocks, counters = Seen(done=False), {}, {}
    for name, data in wire.events(answer.body):
        document = json.loads(data)
        assert name == document["type"], f"event {name} carries type {document['type']}"
        match name:
            case "message_start":
                seen.model = document["message"]["model"]
                counters |= document["message"]["usage"]
            case "content_block_start":
                blocks[document["index"]] = {"text": "", "thinking": "", "partial_json": ""} | document["content_block"]
            case "content_block_delta":
                kind = document["delta"]["type"]
                key = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}.get(kind)
                if key:
                    blocks[document["index"]][key] += document["delta"][key]
            case "message_delta":
                seen.finish = document["delta"]["stop_reason"]
                counters |= {key: value for key, value in document["usage"].items() if value is not None}
            case "message_stop":
                seen.done = True
    for block in blocks.values():
        anthropic_block(seen, block | {"input": json.loads(block["partial_json"] or "{}")})
    seen.usages = [anthropic_usage(counters)]
    return seen


def anthropic_messages(answer):
    if answer.streamed:
        return anthropic_stream(answer)
    seen, document = Seen(), answer.json()
    for block in document["content"]:
        anthropic_block(seen, block)
    seen.finish, seen.model, seen.usages = document["stop_reason"], document["model"], [anthropic_usage(document["usage"])]
    return seen


def ollama_native(answer):
    """/api/chat and /api/generate: newline-delimited objects, counts in the last one."""
    seen = Seen()
    documents = wire.lines(answer.body)
    for document in documents:
        message = document.get("message") or {"content": document.get("response"), "thinking": document.get("thinking")}
        seen.say(0, message.get("content"))
        seen.reasoning += message.get("thinking") or ""
        seen.calls += [(call["function"]["name"], json.dumps(call["function"]["arguments"])) for call in message.get("tool_calls") or []]
    last = documents[-1]
    seen.done, seen.finish, seen.model = last["done"], last.get("done_reason"), last["model"]
    seen.usages = [Usage(last.get("prompt_eval_count", 0), last.get("eval_count", 0))] if last["done"] else []
    return seen


def ollama_embed(answer):
    document = answer.json()
    return Seen(vectors=document["embeddings"], usages=[Usage(document["prompt_eval_count"], 0)], model=document["model"])
