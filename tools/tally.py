"""Adds up what a test program says it has passed and failed: prints `PASSED FAILED`.

Understands cargo test (a line for each binary), pytest's last line, and `N passed, N failed` of our own programs.
"""
import re
import sys

CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed")
OWN = re.compile(r"^(\d+) passed, (\d+) failed$")
PYTEST = re.compile(r"^(?:\d+ \w+, )*\d+ \w+(?:, \d+ \w+)* in [\d.]+s")


def figures(line):
    line = re.sub(r"\x1b\[[0-9;]*m", "", line).strip("= \n")
    for pattern in (CARGO, OWN):
        if found := pattern.match(line):
            return int(found[1]), int(found[2])
    if PYTEST.match(line):
        count = {kind: int(number) for number, kind in re.findall(r"(\d+) (passed|failed|errors?)", line)}
        return count.get("passed", 0), sum(number for kind, number in count.items() if kind != "passed")
    return 0, 0


def main(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        pairs = [figures(line) for line in log]
    print(sum(passed for passed, _ in pairs), sum(failed for _, failed in pairs))


if __name__ == "__main__":
    main(sys.argv[1])
