"""What the filters find in a folder of labelled texts, scored.

    evaluate.py PENSTOCK DATA OUT       OUT gets all figures as JSON; tables go to standard output, progress to standard error

Each part runs where DATA holds its records: pii/*.jsonl the redactor's, guard/dev.jsonl the guard's, leak/leak_pairs_dev.jsonl that of
leaks. README.md says what stands in a record, score.py and verdicts.py what the figures mean.
"""
import json
import pathlib
import sys

import guard
import redactor
from command import Command


def main(penstock, data, out):
    command, data, report = Command(penstock), pathlib.Path(data), {}
    prompts, answers = data / "guard" / "dev.jsonl", data / "leak" / "leak_pairs_dev.jsonl"
    if any((data / "pii").glob("*.jsonl")):
        report |= redactor.evaluate(command, data)
    if prompts.exists():
        report |= guard.evaluate(command, prompts)
    if answers.exists():
        report["leak"] = guard.evaluate_leaks(command, answers)
    if not report:
        sys.exit(f"error: {data} holds neither pii/*.jsonl nor guard/dev.jsonl nor leak/leak_pairs_dev.jsonl: DATA is the folder with the "
                 "labelled texts (tests/eval/README.md)")
    pathlib.Path(out).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nall figures: {out}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
