#!/usr/bin/env python3
"""Makes modules smaller without a change of what they do: python3 tools/slim.py MODULE.wasm...

A tenth of a module are the full names of its functions, for the stack of a trap. Only those of our own crates are kept, in
short: `token_meter::meter::MeterOne::on_end`. Where `wasm-opt` is installed (Debian's package binaryen), it shrinks the code
by another tenth before that.
"""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What rustc may use for wasm32-wasip1.
FEATURES = [
    "bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext",
]
ESCAPES = {
    "$LT$": "<", "$GT$": ">", "$RF$": "&", "$BP$": "*", "$LP$": "(", "$RP$": ")", "$C$": ",", "$u20$": " ",
    "$u7b$": "{", "$u7d$": "}", "$u27$": "'", "$u5b$": "[", "$u5d$": "]", "..": "::",
}


def number(data, at):
    """An unsigned LEB128 and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def packed(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def sections(module):
    """Pairs of a section's id and its content."""
    if module[:8] != b"\0asm\1\0\0\0":
        raise ValueError("not a wasm module")
    at = 8
    while at < len(module):
        kind = module[at]
        size, at = number(module, at + 1)
        yield kind, module[at : at + size]
        at += size


def short(name):
    """The short form of a mangled name of ours; None for the others, and for what is short already."""
    if not name.startswith("_ZN"):
        return name if re.match(r"(exchange|llm_api|wire|filter_api|wasm_host|token_meter|suite)::", name) else None
    parts, rest = [], name[3:]
    while size := re.match(r"\d+", rest):
        begin, end = size.end(), size.end() + int(size.group())
        parts.append(rest[begin:end])
        rest = rest[end:]
    path = "::".join(part for part in parts if not re.fullmatch(r"h[0-9a-f]{16}", part))
    for escape, text in ESCAPES.items():
        path = path.replace(escape, text)
    # `<a::B as c::D>::e` and `f::<impl a::B>::e` are both `a::B::e`.
    path = re.sub(r"^_?<(?:impl )?([\w:]+)[^>]*>", r"\1", path)
    path = re.sub(r"^[\w:]+::_?<impl ([\w:]+)>", r"\1", path)
    if not path.startswith("penstock_") or "<" in path:
        return None
    return re.sub(r"(::_?\{\{closure\}\})+", "{}", path.replace("penstock_", ""))


def slim_names(content):
    """The name section with short names of functions alone."""
    at = number(content, 0)[1] + 4
    names = []
    while at < len(content):
        kind, (size, at) = content[at], number(content, at + 1)
        end = at + size
        if kind == 1:
            count, at = number(content, at)
            for _ in range(count):
                index, at = number(content, at)
                length, at = number(content, at)
                name = short(content[at : at + length].decode())
                at += length
                if name:
                    names.append(packed(index) + packed(len(name)) + name.encode())
        at = end
    functions = packed(len(names)) + b"".join(names)
    return b"\4name" + b"\1" + packed(len(functions)) + functions


def slim(module):
    out = bytearray(module[:8])
    for kind, content in sections(module):
        if kind == 0 and content[:5] == b"\4name":
            content = slim_names(content)
        elif kind == 0 and content[:10] == b"\x09producers":
            continue
        out += bytes([kind]) + packed(len(content)) + content
    return bytes(out)


def optimised(module, folder):
    """What `wasm-opt` makes of it."""
    old, new = folder / "old.wasm", folder / "new.wasm"
    old.write_bytes(module)
    features = [f"--enable-{name}" for name in FEATURES]
    subprocess.run(["wasm-opt", "-Os", "-g", *features, old, "-o", new], check=True)
    return new.read_bytes()


def slimmed(module, cache):
    """The module made smaller; from the cache if this was done before, because cargo puts its own back at every build."""
    wasm_opt = shutil.which("wasm-opt")
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes() + str(wasm_opt).encode() + module).hexdigest()[:24]
    known = cache / f"{key}.wasm"
    if not known.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            new = pathlib.Path(folder) / "slim.wasm"
            new.write_bytes(slim(optimised(module, pathlib.Path(folder)) if wasm_opt else module))
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
