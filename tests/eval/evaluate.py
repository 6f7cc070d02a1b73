"""What `penstock scan redactor` finds in a folder of labelled texts, scored.

    evaluate.py PENSTOCK DATA OUT       OUT gets all figures as JSON; tables go to standard output, progress to standard error

DATA holds pii/*.jsonl, and may hold guard/train.jsonl, {"text", "label", "role"}: what is found in its harmless user texts (label 0) is
counted as false. See score.py for the records.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import score


def scan(penstock, records):
    """The finds by id. The command runs as a user would run it."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as texts:
        for record in records:
            print(json.dumps({"id": record["id"], "text": record["text"]}), file=texts)
        texts.flush()
        done = subprocess.run([penstock, "scan", "redactor", texts.name], capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        sys.exit(f"error: {done.stderr.strip() or done.returncode}")
    lines = map(json.loads, done.stdout.splitlines())
    return {line["id"]: line["spans"] for line in lines}


def timed(name, penstock, records):
    begun = time.monotonic()
    finds = scan(penstock, records)
    print(f"-- {name}: {len(records)} texts, {time.monotonic() - begun:.1f} s", file=sys.stderr)
    return finds


def table(rows, columns):
    """Rows of a name and a dict, as text."""
    show = lambda value: "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
    lines = [["", *columns]] + [[name, *(show(row[column]) for column in columns)] for name, row in rows]
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    for cells in lines:
        print("  ".join([cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))]).rstrip())


def show_personal(name, out):
    print(f"\n{name}: core F1 {out['core']['f1']}, missing {out['missing']}")
    columns = ["n", "precision", "recall", "strict_recall", "false"]
    table([("core", out["core"])] + [(kind, row) for kind, row in out["types"].items() if row["n"] or row["false"]], columns)
    for what, value in out["worst"].items():
        print(f"{'' if what.startswith('mean') else 'least '}{what}: {'-' if value is None else f'{value[0]} ({value[1]})'}")
    split = [(key, row) for key, row in out["languages"].items() if key.split("/")[0] in score.CORE]
    if len({key.split("/")[1] for key, _ in split}) > 1:
        print("\nby language")
        table(split, columns)


def show_secrets(name, out):
    print(f"\n{name}: missing {out['missing']}; real = without placeholders")
    table([(key, row) for key, row in out.items() if key != "missing"], ["n", "recall", "real", "recall_real", "look_alikes", "flagged"])


def show_false(out):
    print(f"\nfalse finds in {out['texts']} harmless texts ({out['size_100kb']} x 100 KB): types with a check digit and secrets "
          f"{out['checked_and_secrets_per_100kb']} a 100 KB; secrets in {out['texts_with_secrets']} of the texts")
    rows = [(kind, {"finds": count, "per 100 KB": rate, "": "may be right" if kind in score.UNCHECKED else ""})
            for kind, (count, rate) in out["types"].items()]
    table(rows, ["finds", "per 100 KB", ""])


def main(penstock, data, out):
    files = sorted((pathlib.Path(data) / "pii").glob("*.jsonl"))
    if not files:
        sys.exit(f"error: {data} holds no pii/*.jsonl: DATA is the folder with the labelled texts (tests/eval/README.md)")
    report = {}
    for path in files:
        truth = score.load(path)
        finds = timed(path.name, penstock, truth)
        is_secrets = all("label" in record for record in truth)
        report[path.stem] = (score.secrets if is_secrets else score.personal)(truth, finds)
        (show_secrets if is_secrets else show_personal)(path.stem, report[path.stem])
    harmless = pathlib.Path(data) / "guard" / "train.jsonl"
    if harmless.exists():
        texts = [record for record in score.load(harmless) if record["label"] == 0 and record.get("role", "user") == "user"]
        report["harmless"] = score.false_finds(texts, timed("guard/train.jsonl, harmless user texts", penstock, texts))
        show_false(report["harmless"])
    else:
        print(f"-- no {harmless}: false finds are not counted", file=sys.stderr)
    pathlib.Path(out).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nall figures: {out}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
