"""Reads and writes wasm modules: sections, numbers, names and instructions, as far as slim.py and calls.py need them.

Formats: the binary chapter of the WebAssembly specification, with the features that rustc may use (`FEATURES`).
"""

import re

# What rustc may use for wasm32-wasip1.
FEATURES = [
    "bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext",
]
TYPE, IMPORT, FUNCTION, TABLE, MEMORY, ELEMENT, CODE = 1, 2, 3, 4, 5, 9, 10
# Instructions by what follows the opcode: one number, two, none.
ONE_NUMBER = {2, 3, 4, 0x0C, 0x0D, 0x10, 0x12, *range(0x20, 0x27), 0x3F, 0x40, 0x41, 0x42, 0xD0, 0xD2}
TWO_NUMBERS = {0x11, 0x13, *range(0x28, 0x3F)}
NOTHING = {0, 1, 5, 0x0B, 0x0F, 0x1A, 0x1B, *range(0x45, 0xC5), 0xD1}
ESCAPES = {
    "$LT$": "<", "$GT$": ">", "$RF$": "&", "$BP$": "*", "$LP$": "(", "$RP$": ")", "$C$": ",", "$u20$": " ",
    "$u7b$": "{", "$u7d$": "}", "$u27$": "'", "$u5b$": "[", "$u5d$": "]", "..": "::",
}
PREFIXED = {**dict.fromkeys(range(8), 0), **dict.fromkeys((8, 10, 12, 14), 2), **dict.fromkeys((9, 11, 13, 15, 16, 17), 1)}


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
    """A number as unsigned LEB128."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def constant(value):
    """`i32.const` of a number that is not negative."""
    number = packed(value)
    # In signed LEB128 the last byte's bit 6 is the sign.
    return b"\x41" + (number if number[-1] < 64 else number[:-1] + bytes([number[-1] | 128, 0]))


def after(data, at, count=1):
    """Where so many numbers end."""
    for _ in range(count):
        while data[at] >= 128:
            at += 1
        at += 1
    return at


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


def joined(pairs):
    """A module of sections."""
    return b"\0asm\1\0\0\0" + b"".join(bytes([kind]) + packed(len(content)) + content for kind, content in pairs)


def bodies(content):
    """The function bodies of a code section."""
    count, at = number(content, 0)
    for _ in range(count):
        size, at = number(content, at)
        yield content[at : at + size]
        at += size


def imported_functions(content):
    """How many functions the import section brings. Rust modules import nothing else."""
    count, at = number(content, 0)
    for _ in range(count):
        for _ in range(2):
            size, at = number(content, at)
            at += size
        if content[at] != 0:
            raise ValueError("imports something that is no function")
        at = after(content, at + 1)
    return count


def instructions(body):
    """Pairs of where each instruction of a function body begins and ends."""
    count, at = number(body, 0)
    for _ in range(count):
        at = after(body, at) + 1
    while at < len(body):
        end = instruction_end(body, at)
        yield at, end
        at = end


def instruction_end(body, at):
    opcode, at = body[at], at + 1
    if opcode in NOTHING:
        return at
    if opcode in ONE_NUMBER:
        return after(body, at)
    if opcode in TWO_NUMBERS:
        return after(body, at, 2)
    if opcode == 0x0E:  # br_table
        count, at = number(body, at)
        return after(body, at, count + 1)
    if opcode == 0x1C:  # select of a type
        count, at = number(body, at)
        return at + count
    if opcode in (0x43, 0x44):  # f32.const, f64.const
        return at + (4 if opcode == 0x43 else 8)
    if opcode == 0xFC:
        which, at = number(body, at)
        return after(body, at, PREFIXED[which])
    raise ValueError(f"unknown instruction {opcode:#x}")


def function_names(content):
    """Pairs of an index and a mangled name, from a name section's content."""
    at = number(content, 0)[1] + 4
    while at < len(content):
        kind, (size, at) = content[at], number(content, at + 1)
        end = at + size
        if kind == 1:
            count, at = number(content, at)
            for _ in range(count):
                index, at = number(content, at)
                length, at = number(content, at)
                yield index, content[at : at + length].decode()
                at += length
        at = end


def path(name):
    """A mangled name as Rust writes it, without the hash; one that is mangled in another way as it is."""
    # How wasm-opt calls what it has made of several functions that are alike.
    name = name.removeprefix("byn$mgfn-shared$")
    if not name.startswith("_ZN"):
        return name
    parts, rest = [], name[3:]
    while size := re.match(r"\d+", rest):
        begin, end = size.end(), size.end() + int(size.group())
        parts.append(rest[begin:end])
        rest = rest[end:]
    written = "::".join(part for part in parts if not re.fullmatch(r"h[0-9a-f]{16}", part))
    for escape, text in ESCAPES.items():
        written = written.replace(escape, text)
    return written
