"""Sends traffic of every model API with the official SDKs through a real Envoy and Penstock's filters, shows what the meter counted,
what the redactor kept from the models and what the guard refused, and compares all of it with what the simulated fleet knows to be
true. A difference is an error.

    make demo        (or, on ports of your choice, PORT=10000 ADMIN_PORT=9901 make demo)
"""
import json
import os
import signal
import subprocess
import sys
import time

import attacks
import figures
import redactions
import stack

CONFIG = "envoy-configs/suite.yaml"
TRAFFIC = stack.ROOT / "tests/sdk/traffic.py"
COLUMNS = "API", "model", "requests", "input", "cached", "output", "reasoning", "cost USD", "TTFT ms", "ms/token"
NEXT = """
What to look at next
  make up                                leaves the same running, for requests of your own
  envoy-configs/suite.yaml               the configuration that was just used, with the reason of each choice
  docs/token-meter.md                    every field, metric and query of the meter
  docs/pii-redactor.md                   what the redactor finds, and what becomes of it
  docs/prompt-guard.md                   what the guard refuses, and what it misses
  ARCHITECTURE.md                        how it works"""


def say(text=""):
    print(text, flush=True)


def ports():
    chosen = []
    for variable, what in (("PORT", "Envoy"), ("ADMIN_PORT", "Envoy's admin page")):
        port = int(os.environ.get(variable) or 0)
        if port:
            stack.ensure_free(port, what, variable)
        chosen.append(port or None)
    return *chosen, None


def send(url):
    """The traffic program's lines, counted as they come."""
    command = [sys.executable, TRAFFIC, url, "--jobs", "4"]
    failures, count, live = [], 0, sys.stdout.isatty()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as traffic:
        for line in traffic.stdout:
            answer, count = json.loads(line), count + 1
            if not answer["ok"]:
                failures.append(answer)
            if live or count % 20 == 0:
                start, end = ("\r", "") if live else ("", "\n")
                print(f"{start}   {count} answers, now {answer['api']:<20}", end=end, flush=True)
    if live:
        print("\r" + " " * 60 + "\r", end="")
    if not count:
        sys.exit("error: no request was sent; see above")
    return count, failures


def mean(total, count, unit=1):
    return f"{total / count / unit:.1f}" if count else "-"


def line(key, row):
    marks = "~" if row["estimated"] or row["missing"] else ""
    tokens = [f"{row[kind]:.0f}{marks if kind in ('input', 'output') else ''}" for kind in figures.TOKENS]
    cost = "-" if row["unpriced"] and not row["nano"] else f"{row['nano'] / figures.NANO:.7f}"
    return [*key, f"{row['requests']:.0f}", *tokens, cost,
            mean(row["ttft_ms"], row["ttft_count"]), mean(row["tpot_us"], row["tpot_count"], 1000)]


def show(rows):
    total = {field: sum(row[field] for row in rows.values()) for field in figures.blank()}
    table = [COLUMNS, *(line(key, row) for key, row in sorted(rows.items())), line(("all", ""), total)]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    for number, row in enumerate(table):
        cells = [cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))]
        if number in (1, len(table) - 1):
            say("  ".join("-" * width for width in widths))
        say("  ".join(cells))
    say()
    say("Tokens: input includes cached, output includes reasoning, ~ holds an estimate. TTFT: time to first token, a mean, as is ms/token.")


def verdict(rows, running, failures, count):
    wrong = [f"{one['api']} {one['model']}: the SDK raised {one['error']}" for one in failures]
    wrong += figures.differences(rows, figures.known(running.sim, figures.prices(CONFIG)))
    if wrong:
        say("\nNOT what the fleet knows to be true:")
        for text in wrong:
            say(f"  {text}")
        say(f"Envoy's last words:\n{running.programs[-1].tail()}")
        return 1
    say(f"All {count} requests: the meter counted what the fleet knows to be true.")
    return 0


def redacted(running):
    say("\n-- sending personal data and secrets, which the simulated models repeat\n")
    wrong = redactions.show(running, say)
    say()
    for text in wrong:
        say(f"NOT as it should be: {text}")
    if not wrong:
        say("The fleet never saw a value; every client got its own back, in text and in arguments of tools. Private keys do not leave.")
    return 1 if wrong else 0


def guarded(running):
    say("\n-- sending attacks, and asking simulated models that give things away\n")
    wrong = attacks.show(running, say)
    say()
    for text in wrong:
        say(f"NOT as it should be: {text}")
    if not wrong:
        say("No attack reached the fleet, no canary a client, and each refusal is the SDK's own error. The last one is harmless, and passed.")
    return 1 if wrong else 0


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begin, chosen = time.monotonic(), ports()
    say("-- starting a simulated fleet of three backends, and Envoy with the filters")
    with stack.Stack(CONFIG, ports=chosen) as running:
        say(f"   Envoy {running.url}, admin {running.admin}, fleet {running.sim}")
        say("-- sending every API with the official SDKs, unary and streamed, with tools, reasoning and cached prompts")
        count, failures = send(running.url)
        say("-- reading Envoy's statistics\n")
        rows = figures.settled(running.admin, count)
        show(rows)
        status = verdict(rows, running, failures, count) or redacted(running) or guarded(running)
    say(f"It took {time.monotonic() - begin:.0f} s.")
    if not status:
        say(NEXT)
    return status


if __name__ == "__main__":
    sys.exit(main())
