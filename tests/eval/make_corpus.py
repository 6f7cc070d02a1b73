"""Writes corpus/generated.jsonl from a seed, and corpus/written.jsonl from written.txt.

    make_corpus.py            writes both
    make_corpus.py --check    fails where they would come out otherwise

A record is {"id", "lang", "text", "spans"}; one about a wrong identifier has `"wrong": {"start", "end", "type"}` and no spans.
"""
import json
import pathlib
import random
import re
import sys

import identifiers
import national

HERE = pathlib.Path(__file__).parent
SEED = 20260101
RIGHT, WRONG = 16, 32  # of each type

FRAMES = {
    "en": ["My {w} is {v}, thanks.", "{w}: {v}", "Please change the {w} on file to {v} before Friday.", "The {w} ({v}) was rejected, what now?"],
    "es": ["Mi {w} es {v}, gracias.", "{w}: {v}", "¿Podría comprobar {w} {v} antes del viernes?", "{w} {v}, según el contrato."],
    "ja": ["{w}は{v}です。", "{w}：{v}", "{w}{v}を確認してください。", "登録された{w}「{v}」が使えません。"],
    "zh": ["我的{w}是{v}，请确认。", "{w}：{v}", "请把{w}{v}改成新的。", "客户{w}{v}已经登记。"],
}
PLAIN = ["{w}: {v}", "{w} {v}.", "{{\"{w}\": \"{v}\"}}", "| {w} | {v} |", "{w}={v};", "{w}\n{v}\n"]
FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789-"}


def record(rng, kind, is_right):
    make, spoil, write, words = kind
    lang = rng.choice(sorted(words))
    value = make(rng)
    if not is_right:
        value = spoil(rng, value)
    if write:
        value = write(rng, value)
    if lang in ("ja", "zh") and rng.random() < 0.2:
        value = value.translate(FULL_WIDTH)
    frame = rng.choice(FRAMES.get(lang, PLAIN) + PLAIN)
    before, after = (part.format(w=words[lang]) for part in frame.split("{v}"))
    # Nobody writes a Latin word and a number behind it as one, in no language.
    before += " " * (before[-1:].isascii() and before[-1:].isalnum())
    return lang, before + value + after, len(before), len(before) + len(value)


def generated():
    for name, kind in {**identifiers.KINDS, **national.KINDS}.items():
        rng = random.Random(f"{SEED} {name}")
        for number in range(RIGHT + WRONG):
            is_right = number < RIGHT
            lang, text, start, end = record(rng, kind, is_right)
            span = {"start": start, "end": end, "type": name}
            more = {"spans": [span]} if is_right else {"spans": [], "wrong": span}
            yield {"id": f"{name.lower()}-{number:02}", "lang": lang, "text": text, **more}


def written():
    """A line is `LANG TEXT`, in which [[TYPE value]] is a find and \\n a line break."""
    lines = (HERE / "written.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        lang, marked = line.split(" ", 1)
        text, spans = "", []
        for part in re.split(r"(\[\[[A-Z_]+ .*?\]\])", marked.replace("\\n", "\n")):
            if part.startswith("[["):
                name, value = part[2:-2].split(" ", 1)
                spans.append({"start": len(text), "end": len(text) + len(value), "type": name})
                part = value
            text += part
        yield {"id": f"written-{number:03}", "lang": lang, "text": text, "spans": spans}


def main(args):
    is_same = True
    for name, records in (("generated", generated()), ("written", written())):
        path = HERE / "corpus" / f"{name}.jsonl"
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        if "--check" in args:
            is_same &= path.read_text(encoding="utf-8") == lines
        else:
            path.write_text(lines, encoding="utf-8")
    sys.exit(None if is_same else "corpus/ is not what make_corpus.py writes")


if __name__ == "__main__":
    main(sys.argv[1:])
