"""The demo's second part: what clients send, what the fleet sees of it, and what comes back, with the official SDKs."""
import collections
import json
import uuid

import figures
import stack
from trips import clients, settled, short, table

# Nobody's: example domains, a test card, the example of the IBAN standard. Whole prompt, entity that is found in it, and its value.
ECHO, TOOL = "content=echo; chunk=rand", "content=echo; tool=1; chunk=rand"
ASKS = [
    ("openai_chat", True, ECHO, "Write to {}", "EMAIL_ADDRESS", "ana.roe@example.org"),
    ("anthropic_messages", True, TOOL, "Charge {} today", "CREDIT_CARD", "4111 1111 1111 1111"),
    ("gemini_generate", False, ECHO, "Pay into {}", "IBAN_CODE", "GB82 WEST 1234 5698 7654 32"),
    ("ollama_chat", True, ECHO, "请给{}发邮件", "EMAIL_ADDRESS", "li.wei@example.org"),
    ("openai_responses", True, TOOL, "Open postgres://app:{}@db.example.org", "SECRET:URL_PASSWORD", "t0p-Tide-9"),
    ("openai_chat", True, ECHO, "Sign with {}", "SECRET:PRIVATE_KEY",
     "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPen+tock/DemoKey/OfNobodyAtAll/0123456789ab\n-----END PRIVATE KEY-----"),
]
BLOCKED = "SECRET:PRIVATE_KEY"
COLUMNS = "API", "sent", "the fleet saw", "came back"


class Trip:
    """One request, there and back."""

    def __init__(self, running, api, stream, sim, prompt, entity, value):
        self.api, self.entity, self.value, self.prompt = api, entity, value, prompt.format(value)
        self.id = f"demo-{uuid.uuid4()}"
        ask = clients.Ask(api, "test-model", stream, prompt=self.prompt, tools="tool=" in sim, headers={"x-sim": sim, "x-request-id": self.id})
        try:
            seen = clients.send(running.url, ask)
            self.back = seen.arguments[0].get("text", "") if seen.arguments else seen.text
        except Exception as error:  # an SDK may raise anything; which class it is, is the result
            self.back = "{class} {status}".format(**clients.error_line(error))
        self.saw = seen_by(running.sim, self.id, prompt.split("{")[0])

    def wrong(self):
        """What is not as it must be, without the value."""
        if self.entity == BLOCKED:
            right = self.saw is None and self.back == "openai.BadRequestError 400"
        else:
            right = self.saw and self.value not in self.saw and self.back == self.prompt
        return [] if right else [f"{self.api}: a value of {self.entity} did not go there and back as it should"]

    def line(self):
        return self.api, *(short(text) for text in (self.prompt, self.saw or "(nothing)", self.back))


def seen_by(sim, request_id, start):
    """The text of a request that begins like this, as the fleet received it."""
    try:
        body = json.loads(stack.get(f"{sim}/sim/last-request?id={request_id}"))
    except OSError:
        return None
    return next((text for text in strings(body) if text.startswith(start)), None)


def strings(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(inner)


def counted(admin):
    """{entity: finds in requests} as the redactor has them."""
    finds = collections.Counter()
    for name, labels, value in figures.samples(admin):
        if name == "penstock_pii_finds_total" and labels["direction"] == "request":
            finds[labels["entity"]] += round(value)
    return finds


def show(running, say):
    """Sends, prints the table, and gives what is wrong."""
    before = counted(running.admin)
    trips = [Trip(running, *ask) for ask in ASKS]
    for line in table(COLUMNS, [trip.line() for trip in trips]):
        say(line)
    wrong = [text for trip in trips for text in trip.wrong()]
    want = collections.Counter(trip.entity for trip in trips)
    finds = settled(lambda: counted(running.admin) - before, want)
    if finds != want:
        wrong.append(f"the redactor counted {dict(finds)} instead of {dict(want)}")
    return wrong
