"""Reads the meter's counters from Envoy's admin port and compares what one request added with what it used."""
import re
import time

import wire

# A counter's name holds its labels as `.name=.=value;.;`. One pattern for each kind of token that is compared.
COUNTERS = {
    "input": re.compile(r"penstock_tokens_total\..*type=\.=input;"),
    "output": re.compile(r"penstock_tokens_total\..*type=\.=output;"),
}
COUNTED_WITHIN_S = 60  # the counters move when Envoy ends the stream, which may be just after the client has all of it


def snapshot(admin):
    """The sum over all labels of each kind of token."""
    totals = dict.fromkeys(COUNTERS, 0)
    for line in wire.ask(admin, "/stats?usedonly").body.decode().splitlines():
        name, _, value = line.rpartition(": ")
        for kind, pattern in COUNTERS.items():
            if pattern.search(name):
                totals[kind] += int(value)
    return totals


def wanted(case):
    """What must be billed: nothing for errors and for requests that use no tokens, else what the server says.

    For several choices llama-server says the tokens of one, once or several times; a meter can only repeat that."""
    if case.read is None or case.want.status != 200:
        return {"input": 0, "output": 0}
    return {"input": case.want.input, "output": case.want.output}


def differences(admin, before, *cases):
    """What the cases together added to the counters, if it is not what they used."""
    used = [wanted(case) for case in cases]
    want, until = {kind: sum(one[kind] for one in used) for kind in COUNTERS}, time.monotonic() + COUNTED_WITHIN_S
    while True:
        after = snapshot(admin)
        added = {kind: after[kind] - before[kind] for kind in after}
        if added == want:
            return []
        if time.monotonic() > until or any(added[kind] > want[kind] for kind in want):
            return [f"counted {added}, used {want}"]
        time.sleep(0.05)
