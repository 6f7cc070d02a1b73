"""What the demo's parts about single requests share: the SDKs, and a table of what went there and what came back."""
import pathlib
import sys
import time
import unicodedata

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "sdk"))
import clients  # noqa: E402, F401  (found by the line above, and for those who import this)

COUNTED_WITHIN_S = 60


def settled(count, want):
    """What `count` says, once it is as wanted or time is up."""
    until = time.monotonic() + COUNTED_WITHIN_S
    while True:
        have = count()
        if have == want or time.monotonic() > until:
            return have
        time.sleep(0.1)


def short(text):
    """The first line, with a dot for each character that nobody would see."""
    first, _, more = text.partition("\n")
    seen = "".join("\u00b7" if unicodedata.category(char) == "Cf" else char for char in first)
    return f"{seen} ..." if more else seen


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def table(columns, rows):
    """The lines of the table."""
    rows = [columns, *rows]
    widths = [max(width(row[column]) for row in rows) for column in range(len(columns))]
    lines = ["  ".join(cell + " " * (room - width(cell)) for cell, room in zip(row, widths)).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * room for room in widths), *lines[1:]]
