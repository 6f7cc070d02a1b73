"""Two versions of a filter side by side: the image rolls over and back while streams run on the version that goes, and clients press a budget to its
limit. They are the meter, and the suite, which has the meter in it and takes more configuration; with `--older FILE` the first is an earlier release's.
"""
import concurrent.futures
import signal
import threading
import time

from components import eventually
import figures
import forms
import proofs
from proofs import MODEL, Answer
import proving
import resources
import stack

LIMIT, PIECE = 1000, 5  # output tokens: of a tenant, of one of its small requests
STREAMS, HELD, USED = 4, 200, 100
PACE = "tpot=200"
CLIENTS, PAUSE_S = 3, 0.1
# A worker that does not tick for 15 s is given up, and what it holds comes back.
LEASE_S = 17
PATIENCE_S = 120
BUDGET = {
    "name": "roll", "key": ["tenant"], "unit": "output_tokens", "limit": LIMIT, "reserve": "most", "scope": {"tenants": ["rolled-*"]},
    # No border of this window is met by a test.
    "window": {"per": "month", "kind": "sliding"}}
METER = {"token_meter": {"tenant": {"header": "x-tenant"}, "budgets": [BUDGET]}}
SUITE = METER | {"prompt_guard": {}}  # which the older one does not know
FORM = forms.FORMS[0]


class Roll:
    """A tenant whose streams have begun on one version, and who goes on asking while another takes over. The streams come from a fleet of their own, which
    stands still until they may end."""

    def __init__(self, site, tenant):
        self.site, self.tenant, self.wrong = site, tenant, []
        mesh, folder = site.proxy.mesh, site.proxy.mesh.folder / tenant
        folder.mkdir()
        self.fleet = mesh.add(stack.Fleet(folder))
        host, self.streamed = f"{tenant}.demo.internal", proofs.Site(site.proxy, self.fleet, host=f"{tenant}.example")
        mesh.apply(
            resources.service_entry(tenant, host, self.fleet.ports), resources.plain(tenant, host),
            resources.routes(tenant, "edge", host, [self.streamed.host]))
        self.pool = concurrent.futures.ThreadPoolExecutor(STREAMS + CLIENTS)
        self.done = threading.Event()

    def ask(self, tokens, site=None, out=PIECE, tenant=""):
        site = site or self.site
        body = {"model": MODEL, "stream": site is self.streamed, "max_tokens": tokens, "messages": [{"role": "user", "content": "What is a fern?"}]}
        headers = {"host": site.host, "x-tenant": tenant or self.tenant, "x-sim": f"out={out}; {PACE if body['stream'] else ''}"}
        return Answer(site, "/v1/chat/completions", body, headers, PATIENCE_S)

    def metered(self):
        """Each worker has the meter: so many connections in a row do not all come to one. Asked for somebody else, who may get through before."""
        return next(filter(None, (refused(self.ask(LIMIT + PIECE, tenant="rolled-nobody")) for _ in range(12))), "")

    def begin(self):
        """Opens the streams, stops them on their way, and has clients take all that is left of the budget."""
        # The route is there, and so is the account in the metrics.
        wrong = eventually(lambda: "" if self.ask(PIECE, self.streamed).status == 200 and self.counted("used") else "it is not counted")
        self.streams = [self.pool.submit(self.ask, HELD, self.streamed, USED) for _ in range(STREAMS)]
        wrong = wrong or eventually(lambda: "" if self.counted("held") == STREAMS * HELD else f"{self.counted('held')} are held")
        self.fleet.program.process.send_signal(signal.SIGSTOP)
        self.clients = [self.pool.submit(self.press) for _ in range(CLIENTS)]
        return wrong

    def press(self):
        while not self.done.wait(PAUSE_S):
            answer = self.ask(PIECE)
            if answer.status != 200 and refused(answer):
                self.wrong.append(str(answer))

    def counted(self, what):
        return self.site.counted(f"penstock_budget_{what}", budget="roll", tenant=self.tenant)

    def no_room(self):
        """While the streams run there is none for one more, whichever version is asked."""
        return refused(self.ask(HELD)) or ("a stream has ended already" if any(stream.done() for stream in self.streams) else "")

    def whole(self):
        """Lets the streams end. What their clients have, and what the fleet has sent."""
        self.fleet.program.process.send_signal(signal.SIGCONT)
        for stream in self.streams:
            answer = stream.result()
            record = answer.record() or {}
            sent = record.get("outcome"), record.get("sent_output_tokens")
            if answer.status != 200 or not answer.text.endswith("data: [DONE]\n\n") or sent != ("complete", USED):
                return f"{answer.status}, {len(answer.text)} bytes to ...{answer.text[-200:]!r}; sent: {sent}"
        return ""

    def settled(self):
        """What the streams held and did not use is there for others, who take it to the last token; then nothing is held, and nothing lost."""
        wrong = eventually(lambda: "" if self.counted("used") == LIMIT else f"{self.counted('used')} of {LIMIT} are used")
        self.done.set()
        concurrent.futures.wait(self.clients)
        wrong = wrong or eventually(lambda: "" if self.counted("held") == 0 else f"{self.counted('held')} are held")
        have = [self.counted("used"), self.known(self.site.fleet) + self.known(self.fleet)]
        return "; ".join(filter(None, [wrong, "" if have == [LIMIT, LIMIT] else f"used and known to the fleets: {have}", *self.wrong]))

    def known(self, fleet):
        """What a fleet knows of the tenant's output."""
        mine = [one for one in figures.records(fleet.url) if one["request_headers"].get("x-tenant") == self.tenant]
        return sum(figures.tokens(one)["output"] for one in mine)


class Versions:
    def __init__(self, world, older, newer):
        self.mesh, self.site, self.older, self.newer = world.mesh, world.sites["gateway"], older, newer

    def attempts(self):
        over, back = Roll(self.site, "rolled-over"), Roll(self.site, "rolled-back")
        yield "the older version", self.serves(self.older, METER, guards=False) or eventually(lambda: over.metered())
        yield "its streams hold most of a budget", over.begin()
        yield "the newer version and its configuration, at once", self.serves(self.newer, SUITE, guards=True)
        begin = time.monotonic()
        yield "it counts what the older one holds", over.no_room()
        yield "its own streams hold most of another", back.begin()
        yield "the older version refuses the newer one's configuration, and the newer one serves on", self.refused()
        yield "back to the older version and its configuration, at once", self.serves(self.older, METER, guards=False)
        yield "it counts what the newer one holds", back.no_room()
        time.sleep(max(0.0, begin + LEASE_S - time.monotonic()))
        for roll, what in (over, "over"), (back, "back"):
            yield f"roll {what}: longer than a lease, and there is still no room", roll.no_room()
            yield f"roll {what}: the streams end whole", roll.whole()
            yield f"roll {what}: used is what the fleets know, to the limit and no further, and nothing is held", roll.settled()
        expired = self.site.counted("penstock_budget_expired_total", budget="roll")
        yield "nobody was given up for dead who was not", f"{expired} tokens came back so" if expired else ""

    def serves(self, module, config, guards):
        """Applied, and known by what only the newer one does."""
        self.mesh.apply(FORM.render(self.mesh, module, config))
        return eventually(lambda: "" if bool(proofs.denied(self.site)) != guards else "the other one serves")

    def refused(self):
        proxy = self.site.proxy
        before = proxy.rejections()
        self.mesh.apply(FORM.render(self.mesh, self.older, SUITE))
        wrong = proving.until(lambda: proxy.rejections() > before, "the proxy did not refuse it")
        wrong = wrong or ("" if "prompt_guard: unknown key" in proxy.logged() else "Envoy's log does not name the key")
        return wrong or proofs.denied(self.site)


def refused(answer):
    return "" if answer.status == 429 and "budget_roll" in answer.text else str(answer)


def attempts(world, older, newer):
    """Pairs of what was tried and what is wrong, or nothing."""
    yield from Versions(world, older, newer).attempts()
