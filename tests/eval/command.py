"""The penstock command, run as a user would run it; records in, records and tables out."""
import json
import subprocess
import sys
import tempfile
import time


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


class Command:
    def __init__(self, path):
        self.path = path

    def run(self, name, arguments, records):
        """What the command answers to records, a line each; says under that name how long it took."""
        begun = time.monotonic()
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            for record in records:
                print(json.dumps(record), file=file)
            file.flush()
            done = subprocess.run([self.path, *arguments, file.name], capture_output=True, text=True, encoding="utf-8")
        if done.returncode:
            sys.exit(f"error: {done.stderr.strip() or done.returncode}")
        print(f"-- {name}: {len(records)} texts, {time.monotonic() - begun:.1f} s", file=sys.stderr)
        # Not splitlines(): a text may hold other ends of lines than the one of JSON lines.
        return [json.loads(line) for line in done.stdout.split("\n") if line]


def show(value):
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def table(rows, columns):
    """Rows of a name and a dict, as text."""
    lines = [["", *columns]] + [[name, *(show(row[column]) for column in columns)] for name, row in rows]
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    for cells in lines:
        print("  ".join([cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))]).rstrip())
