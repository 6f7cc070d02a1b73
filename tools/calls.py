#!/usr/bin/env python3
"""Keeps V8 from inlining cold calls, which is most of what a module's start takes.

Envoy runs V8 without its baseline compiler, so every function is optimised when the module is loaded. Without counts of calls V8
then inlines whatever a function calls, in the order of the calls, until it has grown to about three times its size
(`InliningTree::NoLiftoffBudget` and `should_inline` in V8's src/wasm). The compiler has already inlined what is worth it; what is
left are mostly paths of errors and of configuration. V8 does not inline a call through the function table: so all calls are made
so, but those that an exchange makes each time, which hot-calls.txt lists. Start takes a quarter less time, requests as long as before.

    python3 tools/calls.py MODULE...    counts the calls of filters anew (with node) and writes hot-calls.txt

MODULE is one that has its mangled names: target/wasm32-wasip1/release/penstock-FILTER.wasm as `cargo build --release` leaves it,
before tools/slim.py.
"""

import collections
import pathlib
import subprocess
import sys
import tempfile

import wasm

HERE = pathlib.Path(__file__).resolve().parent
HOT = HERE / "hot-calls.txt"
# A function of fewer bytes costs less inlined than called; one of more gains nothing. In bytes.
SMALL, LARGE = 30, 700
# What hot-calls.mjs runs of each kind of exchange.
RUNS = 100


class Calls:
    """The direct calls of a module to its own functions."""

    def __init__(self, module):
        self.sections = list(wasm.sections(module))
        self.content = {kind: content for kind, content in self.sections if kind}
        self.imports = wasm.imported_functions(self.content[wasm.IMPORT])
        self.bodies = list(wasm.bodies(self.content[wasm.CODE]))
        names = next((content for kind, content in self.sections if kind == 0 and content[:5] == b"\4name"), None)
        self.names = {index: wasm.path(name) for index, name in wasm.function_names(names)} if names else {}

    def name(self, function):
        return self.names.get(function + self.imports, "")

    def rewritten(self, call):
        """All bodies, where `call(caller, callee)` gives what stands before a call and, if it is replaced, the whole of it."""
        bodies = []
        for caller, body in enumerate(self.bodies):
            out, last = bytearray(), 0
            for at, end in wasm.instructions(body):
                if body[at] != 0x10 or (callee := wasm.number(body, at + 1)[0] - self.imports) < 0:
                    continue
                before, replaced = call(caller, callee)
                out += body[last:at] + before
                last = end if replaced else at
            bodies.append(bytes(out + body[last:]))
        return wasm.packed(len(bodies)) + b"".join(wasm.packed(len(body)) + body for body in bodies)

    def module(self, changed):
        return wasm.joined((kind, changed.get(kind, content)) for kind, content in self.sections)


def through_table(module, hot):
    """The module with its cold calls through the function table."""
    calls = Calls(module)
    types = numbers(calls.content[wasm.FUNCTION])
    # One table of functions with a bound: how the linker writes it.
    count, kind, flag = calls.content[wasm.TABLE][:3]
    size, at = wasm.number(calls.content[wasm.TABLE], 3)
    if (count, kind, flag) != (1, 0x70, 1) or wasm.number(calls.content[wasm.TABLE], at)[0] != size:
        raise ValueError("not the table that the linker writes")
    slots = {}

    def call(caller, callee):
        length = len(calls.bodies[callee])
        if length < SMALL or length < LARGE and (calls.name(caller), calls.name(callee)) in hot:
            return b"", False
        slot = slots.setdefault(callee, size + len(slots))
        return wasm.constant(slot) + b"\x11" + wasm.packed(types[callee]) + b"\0", True

    code = calls.rewritten(call)
    bound = wasm.packed(size + len(slots))
    segments, at = wasm.number(calls.content[wasm.ELEMENT], 0)
    added = b"\0" + wasm.constant(size) + b"\x0b" + wasm.packed(len(slots))
    added += b"".join(wasm.packed(callee + calls.imports) for callee in slots)
    return calls.module({
        wasm.CODE: code,
        wasm.TABLE: b"\1\x70\1" + bound + bound,
        wasm.ELEMENT: wasm.packed(segments + 1) + calls.content[wasm.ELEMENT][at:] + added,
    })


def numbers(content):
    count, at = wasm.number(content, 0)
    values = []
    for _ in range(count):
        value, at = wasm.number(content, at)
        values.append(value)
    return values


def hot_calls():
    """Pairs of a caller and a callee."""
    lines = HOT.read_text().splitlines()
    return {tuple(line.split(" -> ")) for line in lines if not line.startswith("#")}


def counted(module):
    """The module with a counter for each call in a page of its own behind its memory, and what each counter counts."""
    calls = Calls(module)
    flag = calls.content[wasm.MEMORY][1]
    pages, at = wasm.number(calls.content[wasm.MEMORY], 2)
    first, sites = pages << 16, []

    def call(caller, callee):
        counter = wasm.constant(first + 4 * len(sites))
        sites.append((calls.name(caller), calls.name(callee), len(calls.bodies[callee])))
        # address, address, load, 1, add, store
        return counter + counter + b"\x28\2\0" + b"\x41\1\x6a" + b"\x36\2\0", False

    code = calls.rewritten(call)
    memory = b"\1" + bytes([flag]) + wasm.packed(pages + 1) + calls.content[wasm.MEMORY][at:]
    return calls.module({wasm.CODE: code, wasm.MEMORY: memory}), first, sites


def hot_calls_of(path):
    """The calls that an exchange makes each time, and how many others there are, of the filter that a module is named for."""
    import slim

    module, first, sites = counted(slim.optimised(path.read_bytes()))
    if 4 * len(sites) > 1 << 16:
        raise ValueError("more calls than a page has counters")
    with tempfile.NamedTemporaryFile(suffix=".wasm") as file:
        file.write(module)
        file.flush()
        key = path.stem.removeprefix("penstock-").replace("-", "_")
        command = ["node", HERE / "hot-calls.mjs", file.name, str(first), str(len(sites)), str(RUNS), f'{{"{key}": {{}}}}']
        counts = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.split()
    made = collections.Counter()
    for (caller, callee, length), count in zip(sites, map(int, counts), strict=True):
        if caller and callee and SMALL <= length < LARGE:
            made[f"{caller} -> {callee}"] += count
    return {call for call, count in made.items() if count >= RUNS}, len(made)


def main(paths):
    all_hot = set()
    for path in paths:
        hot, calls = hot_calls_of(path)
        print(f"{path.name}: {len(hot)} of {calls} calls are hot")
        all_hot |= hot
    lines = "".join(f"{call}\n" for call in sorted(all_hot))
    HOT.write_text("# Calls that an exchange makes each time: written by tools/calls.py.\n" + lines)


if __name__ == "__main__":
    main([pathlib.Path(path) for path in sys.argv[1:]])
