"""The requests that both servers are asked, and what each must answer, derived from the scripts."""
import dataclasses
import json

import make_model
import readers

SCRIPTS = make_model.expected()["scripts"]
TOOL = {
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}, "required": ["city"]},
}
FUNCTION = {"type": "function", "function": TOOL}
ANTHROPIC_TOOL = {"name": TOOL["name"], "description": TOOL["description"], "input_schema": TOOL["parameters"]}
SYSTEM = "Be terse."
ROOM = 64  # max_tokens: more than any script but the endless one needs
CUT = 5  # max_tokens of a request that is to be cut
TOO_LONG = "x" * 9000  # one token a byte, over the context of 4096
END_TOKENS = 1  # both servers count the end token as output
USAGE = {"stream_options": {"include_usage": True}}


@dataclasses.dataclass
class Want:
    """What the answer must hold. Nothing but `status` and `holds` is looked at where `read` is None."""

    status: int = 200
    holds: str = ""  # must occur in the body
    text: str = ""
    reasoning: str = ""
    calls: list = dataclasses.field(default_factory=list)
    finish: object = None
    input: int = 0
    output: int = 0
    usages: int = 1  # how many times usage stands on the wire
    choices: int = 1
    cached: bool = False  # most of the prompt must come from the cache
    vectors: list = None  # the bytes of each embedded text


REFUSED = Want(status=400, holds="invalid_json")


@dataclasses.dataclass
class Case:
    name: str
    path: str
    body: object
    want: Want
    read: object = None  # a function of readers
    repeats: bool = True  # asked again, the answer has the same bytes, but for ids and times
    unreadable: bool = False  # a proxy whose redactor fails closed refuses it

    @property
    def stream(self):
        return self.name.endswith("-stream")


def prompt(messages, tools=0):
    """The tokens of a rendered prompt: one a mark, one a byte."""
    marks = 2 + tools * (1 + len(TOOL["name"]))
    return marks + sum(1 + len(message["content"].encode()) for message in messages)


def user(text, system=SYSTEM):
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def spoken(script, finish, messages, tools=0):
    """What a chat must bring that runs `script` to its end."""
    facts = SCRIPTS[script]
    want = Want(finish=finish, input=prompt(messages, tools), output=facts["tokens"] + END_TOKENS)
    match script:
        case "call":
            want.calls = [(facts["name"], facts["arguments"])]
        case "think":
            want.text, want.reasoning = facts["answer"], facts["reasoning"]
        case _:
            want.text = facts["text"]
    return want


def cut_off(finish, messages):
    text = "".join(SCRIPTS["endless"]["pieces"][:CUT])
    return Want(text=text, finish=finish, input=prompt(messages), output=CUT)


def both(name, path, body, want, read, stream=None):
    """The unary and the streamed form; `stream` is added to the streamed body."""
    yield Case(f"{name}-unary", path, body | {"stream": False}, want, read)
    yield Case(f"{name}-stream", path, body | {"stream": True} | (stream or {}), want, read)


class Dialogue:
    """Builds the cases that both servers have in common. `model` names the model that says a script."""

    def __init__(self, model):
        self.model = model

    def chat(self, script, **more):
        return {"model": self.model(script), "messages": user(f"#{script}"), "max_tokens": ROOM} | more

    def openai_chat(self):
        path, read = "/v1/chat/completions", readers.openai_chat
        for script in ("say", "think", "pii", "json", "empty"):
            want = spoken(script, "stop", user(f"#{script}"))
            yield from both(f"chat-{script}", path, self.chat(script), want, read, USAGE)
        want = dataclasses.replace(spoken("say", "stop", user("#say")), usages=0)
        yield Case("chat-say-no-usage-stream", path, self.chat("say", stream=True), want, read)
        want = spoken("call", "tool_calls", user("#call"), tools=1)
        yield from both("chat-call", path, self.chat("call", tools=[FUNCTION], tool_choice="auto"), want, read, USAGE)
        want = cut_off("length", user("#endless"))
        yield from both("chat-cut", path, self.chat("endless", max_tokens=CUT), want, read, USAGE)
        parts = [{"role": "user", "content": [{"type": "text", "text": "#say, caf\u00e9"}]}]
        want = spoken("say", "stop", [{"content": "#say, caf\u00e9"}])
        yield from both("chat-parts", path, self.chat("say", messages=parts), want, read, USAGE)

    def openai_rest(self):
        body = {"model": self.model("say"), "max_output_tokens": ROOM, "instructions": SYSTEM}
        for script in ("say", "think"):
            want = spoken(script, "completed", user(f"#{script}"))
            ask = body | {"model": self.model(script), "input": f"#{script}"}
            yield from both(f"responses-{script}", "/v1/responses", ask, want, readers.openai_responses)
        want = spoken("call", "completed", user("#call"), tools=1)
        ask = body | {"model": self.model("call"), "input": "#call", "tools": [TOOL | {"type": "function"}]}
        yield from both("responses-call", "/v1/responses", ask, want, readers.openai_responses)
        texts = ["a", "b c"]
        want = Want(input=4, vectors=[text.encode() for text in texts])
        yield Case("embeddings-unary", "/v1/embeddings", {"model": self.model("say"), "input": texts}, want, readers.openai_embeddings)

    def anthropic(self):
        path, read = "/v1/messages", readers.anthropic_messages

        def ask(script, **more):
            messages = [{"role": "user", "content": f"#{script}"}]
            return {"model": self.model(script), "max_tokens": ROOM, "system": SYSTEM, "messages": messages} | more

        for script in ("say", "pii"):
            want = spoken(script, "end_turn", user(f"#{script}"))
            yield from both(f"messages-{script}", path, ask(script), want, read)
        thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
        want = spoken("think", "end_turn", user("#think"))
        yield from both("messages-think", path, ask("think", **thinking), want, read)
        want = spoken("call", "tool_use", user("#call"), tools=1)
        yield from both("messages-call", path, ask("call", tools=[ANTHROPIC_TOOL]), want, read)
        yield from both("messages-cut", path, ask("endless", max_tokens=CUT), cut_off("max_tokens", user("#endless")), read)


def llama():
    """Any model name is accepted; the word "#name" in the prompt picks the script."""
    talk = Dialogue(lambda script: make_model.ALIAS)
    path, read = "/v1/chat/completions", readers.openai_chat
    yield from talk.openai_chat()
    yield from talk.openai_rest()
    yield from talk.anthropic()
    # Two choices: a unary answer counts one of them, a stream has one usage chunk for each.
    want = dataclasses.replace(spoken("say", "stop", user("#say")), choices=2)
    yield Case("chat-two-choices-unary", path, talk.chat("say", n=2), want, read)
    body = talk.chat("say", n=2, stream=True, **USAGE)
    yield Case("chat-two-choices-stream", path, body, dataclasses.replace(want, usages=2), read)
    say = SCRIPTS["say"]
    want = Want(text=say["text"], finish="stop", input=2, output=say["tokens"] + END_TOKENS)
    yield from both("completions", "/v1/completions", {"model": make_model.ALIAS, "prompt": "hi", "max_tokens": ROOM}, want,
                    readers.openai_completions, USAGE)
    again = user("#say " + "again " * 20)
    body = talk.chat("say", messages=again, id_slot=0)
    want = spoken("say", "stop", again)
    yield Case("chat-fill-cache-unary", path, body, want, read)
    yield from both("chat-cached", path, body, dataclasses.replace(want, cached=True), read, USAGE)
    yield Case("count-tokens", "/v1/messages/count_tokens", {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, Want(holds='{"input_tokens":5}'))
    yield Case("bad-json", path, "{not json", Want(status=500, holds="parse error"), unreadable=True)
    yield Case("no-messages", path, {"model": "m"}, Want(status=400, holds="messages"))
    yield Case("too-long", path, talk.chat("say", messages=user(TOO_LONG)), Want(status=400, holds='"n_prompt_tokens":9013'))
    yield Case("models", "/v1/models", None, Want(holds='"id":"scripted"'), repeats=False)
    yield Case("metrics", "/metrics", None, Want(holds="llamacpp:tokens_predicted_total"), repeats=False)
    yield Case("no-such-path", "/v1/nothing", {}, Want(status=404))


def ollama_native(talk):
    path, read = "/api/chat", readers.ollama_native
    for script in ("say", "pii", "json", "empty"):
        body = {"model": talk.model(script), "messages": user(f"#{script}")}
        yield from both(f"api-chat-{script}", path, body, spoken(script, "stop", user(f"#{script}")), read)
    body = {"model": talk.model("say"), "messages": user("#say")}
    yield Case("api-chat-default-stream", path, body, spoken("say", "stop", user("#say")), read)
    body = {"model": talk.model("call"), "messages": user("#call"), "tools": [FUNCTION]}
    yield from both("api-chat-call", path, body, spoken("call", "stop", user("#call"), tools=1), read)
    body = {"model": talk.model("think"), "messages": user("#think"), "think": True}
    yield from both("api-chat-think", path, body, spoken("think", "stop", user("#think")), read)
    body = {"model": talk.model("endless"), "messages": user("#endless"), "options": {"num_predict": CUT}}
    yield from both("api-chat-cut", path, body, cut_off("length", user("#endless")), read)
    want = spoken("say", "stop", [{"content": "hi"}])
    yield from both("api-generate", "/api/generate", {"model": talk.model("say"), "prompt": "hi"}, want, read)
    want = Want(input=4, vectors=[b"a", b"b c"])
    yield Case("api-embed-unary", "/api/embed", {"model": talk.model("say"), "input": ["a", "b c"]}, want, readers.ollama_embed)


def ollama():
    """Each script is a model. The order of a tool call's arguments changes from answer to answer."""
    talk = Dialogue(lambda script: f"{make_model.ALIAS}-{script}")
    for case in [*talk.openai_chat(), *talk.openai_rest(), *talk.anthropic(), *ollama_native(talk)]:
        yield dataclasses.replace(case, repeats=not case.want.calls)
    yield Case("chat-bad-json", "/v1/chat/completions", "{not json", Want(status=400, holds="invalid"), unreadable=True)
    yield Case("chat-no-such-model", "/v1/chat/completions", talk.chat("say", model="nobody"), Want(status=404, holds="not found"))
    yield Case("api-bad-json", "/api/chat", "{not json", Want(status=400, holds="invalid"), unreadable=True)
    yield Case("api-no-such-model", "/api/chat", {"model": "nobody", "messages": user("hi")}, Want(status=404, holds="not found"))
    yield Case("api-tags", "/api/tags", None, Want(holds="scripted-say"), repeats=False)
    yield Case("models", "/v1/models", None, Want(holds="scripted-say"), repeats=False)


SERVERS = {"llama": llama, "ollama": ollama}


def same_arguments(got, wanted):
    """Tool calls agree in name and, as JSON, in arguments; key order is the server's."""
    return [(name, json.loads(text)) for name, text in got] == wanted
