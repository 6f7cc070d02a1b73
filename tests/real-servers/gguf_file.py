"""Writes the GGUF file format, version 3, as far as the scripted model needs it (f32 tensors, little-endian).

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""
import array
import struct
import sys

ALIGNMENT = 32  # the format's default
F32 = 0  # tensor type, and general.file_type "all f32"
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def string(text):
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def scalar(value):
    """The type and the bytes of one metadata value. bool before int: True is an int in Python."""
    match value:
        case bool():
            return BOOL, struct.pack("<?", value)
        case int():
            return UINT32, struct.pack("<I", value)
        case float():
            return FLOAT32, struct.pack("<f", value)
        case str():
            return STRING, string(value)
    raise TypeError(f"no GGUF form for {type(value).__name__}")


def typed(value):
    if not isinstance(value, list):
        kind, raw = scalar(value)
        return struct.pack("<I", kind) + raw
    if isinstance(value[0], int):
        kind, items = INT32, struct.pack(f"<{len(value)}i", *value)
    else:
        kind, items = STRING, b"".join(map(string, value))
    return struct.pack("<IIQ", ARRAY, kind, len(value)) + items


def padding(length):
    return b"\0" * (-length % ALIGNMENT)


def floats(values):
    packed = array.array("f", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def write_gguf(path, metadata, tensors):
    """`metadata`: key -> int, float, bool, str, or a list of int or str. `tensors`: name -> (dimensions, fastest first; values)."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(string(key) + typed(value) for key, value in metadata.items())
    body = []
    offset = 0
    for name, (dimensions, values) in tensors.items():
        head += string(name) + struct.pack("<I", len(dimensions)) + struct.pack(f"<{len(dimensions)}Q", *dimensions)
        head += struct.pack("<IQ", F32, offset)
        raw = floats(values)
        raw += padding(len(raw))
        body.append(raw)
        offset += len(raw)
    with open(path, "wb") as file:
        file.write(head + padding(len(head)))
        file.writelines(body)
