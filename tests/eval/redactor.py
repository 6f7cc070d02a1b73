"""What `penstock scan redactor` finds, scored and shown."""
import sys

import score
from command import load, table


def evaluate(command, data):
    """Figures by file, and of false finds under `harmless`."""
    report = {}
    for path in sorted((data / "pii").glob("*.jsonl")):
        truth = load(path)
        finds = spans(command, path.name, truth)
        is_secrets = all("label" in record for record in truth)
        report[path.stem] = (score.secrets if is_secrets else score.personal)(truth, finds)
        (show_secrets if is_secrets else show_personal)(path.stem, report[path.stem])
    harmless = data / "guard" / "train.jsonl"
    if harmless.exists():
        texts = [record for record in load(harmless) if record["label"] == 0 and record.get("role", "user") == "user"]
        report["harmless"] = score.false_finds(texts, spans(command, "guard/train.jsonl, harmless user texts", texts))
        show_false(report["harmless"])
    else:
        print(f"-- no {harmless}: false finds are not counted", file=sys.stderr)
    return report


def spans(command, name, records):
    texts = [{"id": record["id"], "text": record["text"]} for record in records]
    return {line["id"]: line["spans"] for line in command.run(name, ["scan", "redactor"], texts)}


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
