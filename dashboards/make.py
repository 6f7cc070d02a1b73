"""Writes the Grafana dashboards beside this file from boards/, or checks that they are what boards/ says.

    python3 dashboards/make.py [--check]
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import grafana  # noqa: E402  (found by the line above)
from boards import BOARDS  # noqa: E402


def files():
    """Pairs of a path and its text."""
    for board in BOARDS:
        yield HERE / f"{board.name}.json", json.dumps(grafana.document(board), indent=1, ensure_ascii=False) + "\n"


def differ():
    """Files that are not what boards/ says, and dashboards that it knows nothing of."""
    want = dict(files())
    stale = [path for path, text in want.items() if not path.exists() or path.read_text() != text]
    return stale + [path for path in HERE.glob("*.json") if path not in want]


def main():
    match sys.argv[1:]:
        case []:
            for path, text in files():
                path.write_text(text)
        case ["--check"]:
            wrong = [path.name for path in differ()]
            if wrong:
                sys.exit(f"error: not what dashboards/boards says: {', '.join(wrong)}; `make dashboards` writes them")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
