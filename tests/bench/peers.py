"""The redactor's core beside Presidio's pattern recognisers and detect-secrets, and the guard's beside LLM Guard's scanners without a model, on
the same texts in the same rounds.

    peers.py TIMING GUARD OUT     TIMING is the built example `timing` of penstock-text-scan, GUARD `judge_timing` of penstock-prompt-guard; OUT
                                  gets the figures as JSON

Native code against CPython, each in its own process, text by text; reading and writing are not in the times. The redactor's core looks for
personal data and secrets at once, each peer for its part. No model of language is loaded: Presidio's analyser with one takes several times as long.
"""
import importlib
import json
import logging
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import types

import structlog
import tldextract

# Presidio asks it for top-level domains; it would fetch a list from the network, and has one of its own.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings
from presidio_analyzer import PatternRecognizer, RecognizerRegistry

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 5
PROMPT_CHARACTERS = 1000
GOALS = {"presidio": 400, "detect_secrets": 500}
# Classifiers that are models of language: name, milliseconds, characters of the text (four a token), where and by whom.
PUBLISHED = [
    ("Llama Prompt Guard 2 86M", "92", 2048, "on an A100 (Meta's model card, 512 tokens)"),
    ("Llama Prompt Guard 2 22M", "19", 2048, "on an A100 (Meta's model card, 512 tokens)"),
    ("LLM Guard PromptInjection", "104 to 212", 384, "on a CPU (its documentation)"),
    ("PIGuard", "15", 2048, "on a GPU (its paper; for a prompt of its benchmark)"),
]


def presidio():
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    recognizers = [recognizer for recognizer in registry.recognizers if isinstance(recognizer, PatternRecognizer)]

    def scan(text):
        for recognizer in recognizers:
            recognizer.analyze(text, recognizer.supported_entities, None)

    return list, scan


def detect_secrets(folder):
    """Its scan of a file, as in a commit hook; the files are written beforehand."""
    def prepare(texts):
        paths = []
        for number, text in enumerate(texts):
            path = pathlib.Path(folder) / f"{number}.txt"
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        return paths

    return prepare, lambda path: list(scan_file(path))


def llm_guard(module, scanner, *lists):
    """A scanner of LLM Guard that needs no model, from its own file: the package as a whole cannot be imported without torch. It logs nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for package in ("llm_guard", "llm_guard.input_scanners"):
        if package not in sys.modules:
            stub = types.ModuleType(package)
            stub.__path__ = [str(folder / package.replace(".", "/")) for folder in map(pathlib.Path, sys.path)]
            sys.modules[package] = stub
    code = importlib.import_module(f"llm_guard.input_scanners.{module}")
    return list, getattr(code, scanner)(*(getattr(code, name) for name in lists)).scan


def prompts(texts):
    """Texts of about a thousand characters, as prompts have them."""
    out, lines, size = [], [], 0
    for text in texts:
        lines.append(text)
        size += len(text)
        if size >= PROMPT_CHARACTERS:
            out.append("\n".join(lines))
            lines, size = [], 0
    return out


def workloads():
    """Texts of this repository: prose without a find, prose with three identifiers a paragraph, and identifiers only."""
    corpus = ROOT / "tests" / "eval" / "corpus"
    read = lambda name: [json.loads(line) for line in (corpus / name).read_text(encoding="utf-8").splitlines()]
    prose = (ROOT / "tests" / "bench" / "prose.txt").read_text(encoding="utf-8").split("\n\n") * 4
    full = [record["text"] for record in read("written.jsonl") + read("generated.jsonl") if record["spans"]]
    every = len(full) // len(prose)
    mixed = [text for number, part in enumerate(prose) for text in (part, *full[number * every:][:3])]
    english = [part for part in prose if part.isascii()]
    others = [part for part in prose if not part.isascii()]
    return {"English prose": prompts(english * 2), "es, ja, zh prose": prompts(others), "prose and identifiers": prompts(mixed),
            "identifiers only": prompts(full)}


def python_time(scan, inputs):
    begun = time.perf_counter()
    for one in inputs:
        scan(one)
    return time.perf_counter() - begun


def native_time(timing, texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run([timing], input=lines, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1e-9 * sum(len(text.encode()) for text in texts)


def main(timing, guard_timing, out):
    report = {}
    with default_settings(), tempfile.TemporaryDirectory() as folder:
        of_redactor = {"presidio": presidio(), "detect_secrets": detect_secrets(folder)}
        of_guard = {"invisible_text": llm_guard("invisible_text", "InvisibleText"),
                    "ban_substrings": llm_guard("ban_substrings", "BanSubstrings", "PROMPT_STOP_SUBSTRINGS")}
        for core, program, peers in (("redactor", timing, of_redactor), ("guard", guard_timing, of_guard)):
            print(f"{core:22}{'bytes':>8}{'core, us/KB':>14}" + "".join(f"{peer + ', ms/KB':>24}{'x core':>9}{'goal':>6}" for peer in peers))
            for name, texts in workloads().items():
                row = compare(program, peers, texts)
                report[name if core == "redactor" else f"guard, {name}"] = row
                print(f"{name:22}{row['bytes']:8}{row['core_us_per_kb']:14.2f}"
                      + "".join(f"{row[f'{peer}_ms_per_kb']:24.3f}{row[f'{peer}_to_core']:9}{GOALS.get(peer, ''):>6}" for peer in peers), flush=True)
    us_per_kb = report["guard, English prose"]["core_us_per_kb"]
    print("published by their makers, on their machines, and not measured here:")
    for name, milliseconds, characters, where in PUBLISHED:
        ours = us_per_kb * characters / 1024
        print(f"  {name}: {milliseconds} ms for {characters} characters or so, {where}; the core on this machine: {ours:.0f} us")
    pathlib.Path(out).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def compare(timing, peers, texts):
    """Medians over rounds; ratios are those of one round."""
    inputs = {peer: prepare(texts) for peer, (prepare, _) in peers.items()}
    for peer, (_, scan) in peers.items():
        scan(inputs[peer][0])
    rounds = []
    for _ in range(ROUNDS):
        times = {peer: python_time(scan, inputs[peer]) for peer, (_, scan) in peers.items()}
        rounds.append((native_time(timing, texts), times))
    size = sum(len(text.encode()) for text in texts)
    row = {"bytes": size, "core_us_per_kb": round(statistics.median(native for native, _ in rounds) * 1e6 * 1024 / size, 2)}
    for peer in peers:
        row[f"{peer}_ms_per_kb"] = round(statistics.median(times[peer] for _, times in rounds) * 1e3 * 1024 / size, 4)
        ratio = statistics.median(times[peer] / native for native, times in rounds)
        row[f"{peer}_to_core"] = round(ratio) if ratio >= 10 else round(ratio, 2)
    return row


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
