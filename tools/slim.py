#!/usr/bin/env python3
"""Makes modules smaller without a change of what they do: python3 tools/slim.py MODULE.wasm...

A tenth of a module are the full names of its functions, for the stack of a trap. Only those of our own crates are kept, in
short: `token_meter::meter::MeterOne::on_end`. Where `wasm-opt` is installed (Debian's package binaryen), it shrinks the code
by another tenth before that. calls.py then takes a quarter off what Envoy needs to compile it.
"""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import calls
import wasm
from wasm import packed

HERE = pathlib.Path(__file__).resolve().parent


def short(name):
    """The short form of a mangled name of ours; None for the others, and for what is short already."""
    if not name.startswith("_ZN"):
        return name if re.match(r"(exchange|llm_api|wire|filter_api|wasm_host|text_scan|cluster_picker|token_meter|pii_redactor|prompt_guard|suite)::", name) else None
    path = wasm.path(name)
    # `<a::B as c::D>::e` and `f::<impl a::B>::e` are both `a::B::e`.
    path = re.sub(r"^_?<(?:impl )?([\w:]+)[^>]*>", r"\1", path)
    path = re.sub(r"^[\w:]+::_?<impl ([\w:]+)>", r"\1", path)
    if not path.startswith("penstock_") or "<" in path:
        return None
    return re.sub(r"(::_?\{\{closure\}\})+", "{}", path.replace("penstock_", ""))


def slim_names(content):
    """The name section with short names of functions alone."""
    names = [(index, short(name)) for index, name in wasm.function_names(content)]
    entries = [packed(index) + packed(len(name)) + name.encode() for index, name in names if name]
    functions = packed(len(entries)) + b"".join(entries)
    return b"\4name" + b"\1" + packed(len(functions)) + functions


def slim(module):
    module = calls.through_table(module, calls.hot_calls())
    kept = []
    for kind, content in wasm.sections(module):
        if kind == 0 and content[:5] == b"\4name":
            content = slim_names(content)
        elif kind == 0 and content[:10] == b"\x09producers":
            continue
        kept.append((kind, content))
    return wasm.joined(kept)


def optimised(module):
    """What `wasm-opt` makes of it, if it is installed."""
    if not (wasm_opt := shutil.which("wasm-opt")):
        return module
    with tempfile.TemporaryDirectory() as folder:
        old, new = pathlib.Path(folder, "old.wasm"), pathlib.Path(folder, "new.wasm")
        old.write_bytes(module)
        features = [f"--enable-{name}" for name in wasm.FEATURES]
        # What the compiler left out of a loop stays out: inlined, the scanner's loops take half as long again.
        inline = [f"--{what}-inline-max-function-size=0" for what in ("always", "flexible", "one-caller")]
        subprocess.run([wasm_opt, "-Oz", "--low-memory-unused", *inline, "-g", *features, old, "-o", new], check=True)
        return new.read_bytes()


def slimmed(module, cache):
    """The module made smaller; from the cache if this was done before, because cargo puts its own back at every build."""
    ours = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")) + [calls.HOT])
    key = hashlib.sha256(ours + str(shutil.which("wasm-opt")).encode() + module).hexdigest()[:24]
    known = cache / f"{key}.wasm"
    if not known.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            new = pathlib.Path(folder) / "slim.wasm"
            new.write_bytes(slim(optimised(module)))
            new.replace(known)
    return known.read_bytes()


def main():
    for path in map(pathlib.Path, sys.argv[1:]):
        before = path.read_bytes()
        # Names as the compiler writes them: nobody was here since.
        if b"_ZN" not in before:
            continue
        after = slimmed(before, path.parent / "slim")
        # Another file in its place: cargo's own copy may be the same file under another name.
        new = path.with_suffix(".new")
        new.write_bytes(after)
        new.chmod(0o755)
        new.replace(path)
        print(f"{path.name}: {len(before) // 1000} kB, now {len(after) // 1000} kB")


if __name__ == "__main__":
    main()
