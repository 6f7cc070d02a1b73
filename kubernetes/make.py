"""Writes monitoring/alerts.yaml, a PrometheusRule of the alert rules in envoy-configs/prometheus/alerts.yaml, or checks that it is one.

    python3 kubernetes/make.py [--check]
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
RULES, RESOURCE = HERE.parent / "envoy-configs/prometheus/alerts.yaml", HERE / "monitoring/alerts.yaml"
HEAD = """\
# Made by `make alerts` of envoy-configs/prometheus/alerts.yaml: change that, and make it anew. What to do about each alert: docs/budgets.md.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: penstock}
spec:
"""


def text():
    _, groups, rest = RULES.read_text().partition("groups:\n")
    return HEAD + "".join(f"  {line}".rstrip(" ") for line in (groups + rest).splitlines(keepends=True))


def is_stale():
    return not RESOURCE.exists() or RESOURCE.read_text() != text()


def main():
    match sys.argv[1:]:
        case []:
            RESOURCE.write_text(text())
        case ["--check"]:
            if is_stale():
                sys.exit(f"error: {RESOURCE.name} is not what {RULES.name} says; `make alerts` writes it")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
