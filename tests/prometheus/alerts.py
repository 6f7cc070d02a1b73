"""The alert rules: promtool takes them, each fires and does not fire in a test, and the page of budgets says what to do about it. The resource of
Prometheus' operator has the same ones.

    $(tools/python.sh) tests/prometheus/alerts.py
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))
import server  # noqa: E402  (found by the line above)
import stack  # noqa: E402

RULES = stack.ROOT / "envoy-configs/prometheus/alerts.yaml"
TESTS = HERE / "alerts_test.yaml"
PAGE = stack.ROOT / "docs/budgets.md"
MONITOR = stack.ROOT / "kubernetes/monitoring/proxies.yaml"


def promtool(*args):
    """What it complains of, or nothing."""
    command = [pathlib.Path(server.binary()).with_name("promtool"), *args]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def tested(name):
    """What the tests of an alert leave out."""
    expected = re.split(r"^ *- *\{?eval_time:", TESTS.read_text(), flags=re.M)
    of = [part for part in expected if re.search(rf"alertname: {name}\b", part)]
    fires = any("exp_labels" in part for part in of)
    rests = any("exp_alerts: []" in part for part in of)
    return "; ".join(["it never fires"] * (not fires) + ["it fires in each"] * (not rests))


def unkept():
    """Metrics of the rules that the PodMonitor drops."""
    keeps = re.search(r'regex: "(.*)", action: keep', MONITOR.read_text())[1]
    asked = set(re.findall(r"\b(?:envoy_)?(?:penstock|cluster)_\w+", "".join(re.findall(r"expr: \|\n((?: {6}.*\n)+)", RULES.read_text()))))
    return ", ".join(sorted(name for name in asked if not re.fullmatch(keeps, name))) if asked else "no metric was found in them"


def attempts():
    yield "promtool check rules", promtool("check", "rules", RULES)
    yield "promtool test rules", promtool("test", "rules", TESTS)
    made = subprocess.run([sys.executable, stack.ROOT / "kubernetes/make.py", "--check"], capture_output=True, text=True)
    yield "kubernetes/monitoring/alerts.yaml is made of them", made.stderr.strip()
    yield "kubernetes/monitoring has the proxies' metrics kept that they ask for", unkept()
    page = PAGE.read_text()
    for name in re.findall(r"^ *- alert: (\w+)", RULES.read_text(), re.M):
        yield f"{name} fires and does not fire in a test", tested(name)
        yield f"{name} has a line in {PAGE.name}", "" if f"`{name}`" in page else "it has none"


def main():
    passed = failed = 0
    for name, wrong in attempts():
        print(f"FAIL {name}: {wrong}" if wrong else f"ok   {name}", flush=True)
        passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
