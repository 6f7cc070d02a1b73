"""Budgets as operators see them, on a real Envoy: its metrics in a real Prometheus, and `penstock budgets`, against what the fleet knows.

    $(tools/python.sh) tests/prometheus/budgets.py        (first: make build, cargo build -p llm-sim -p penstock-cli)
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))
import figures  # noqa: E402  (found by the line above)
import server  # noqa: E402
import stack  # noqa: E402

CONFIG = "envoy-configs/token-meter.yaml"
LIMIT = 1000
# A window that slides by days at a time has no border that a test could meet. `no` lets one request in.
MONTH = {"per": "month", "kind": "sliding"}
LONGEST_S = 34 * 86_400  # 30 days, and the eighth that is under way
BUDGETS = [
    {"name": "team", "key": ["tenant"], "unit": "tokens", "limit": LIMIT, "window": MONTH},
    {"name": "no", "unit": "requests", "limit": 1, "window": MONTH, "scope": {"tenants": ["refused"]}},
    {"name": "open", "key": ["route"], "unit": "streams", "limit": 100},
]
# Requests of 50 tokens by tenant. `acme` is over 80 %.
REQUESTS = {"acme": 17, "zeta": 3, "refused": 1}
USED = {tenant: 50 * count for tenant, count in REQUESTS.items()}
COMMAND = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or stack.ROOT / "target") / "debug/penstock"


def configured(folder):
    """The configuration with budgets."""
    text = (stack.ROOT / CONFIG).read_text().replace('"token_meter": {', f'"token_meter": {{"budgets": {json.dumps(BUDGETS)},', 1)
    file = folder / "budgets.yaml"
    file.write_text(text)
    return file


def ask(url, tenant):
    """The status of an answer of 50 tokens."""
    body = {"model": "gpt-4.1", "max_tokens": 20, "messages": [{"role": "user", "content": "hello"}]}
    headers = {"content-type": "application/json", "x-tenant": tenant, "x-sim": "in=30; out=20"}
    try:
        with stack.DIRECT.open(urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers), timeout=30) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def penstock(*args):
    done = subprocess.run([COMMAND, "budgets", "--json", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise AssertionError(f"penstock budgets: {done.returncode}: {done.stderr}")
    return {budget["name"]: budget for budget in json.loads(done.stdout)["budgets"]}


def used(budget):
    return {account["key"].get("tenant", account["account"]): account["used"] for account in budget["accounts"]}


class Ground:
    def __init__(self, proxy, prometheus, folder):
        self.proxy, self.prometheus, self.folder = proxy, prometheus, folder

    def by_tenant(self, query):
        return {labels.get("tenant", labels.get("account")): value for labels, value in self.prometheus.ask(query)}

    def seen(self):
        """Until Prometheus has what the fleet knows."""
        want = sum(USED.values())
        self.prometheus.until(lambda: sum(self.by_tenant('penstock_budget_used{budget="team"}').values()) == want, f"{want} tokens are used")


def settled(ground):
    """Every exchange is let in and booked; the one over its budget is refused."""
    for tenant, count in REQUESTS.items():
        for _ in range(count):
            if (status := ask(ground.proxy.url, tenant)) != 200:
                yield f"{tenant}: {status}"
    if (status := ask(ground.proxy.url, "refused")) != 429:
        yield f"the second request of one: {status}"
    truth = collections.Counter()
    for request in figures.records(ground.proxy.sim):
        truth[request["request_headers"]["x-tenant"]] += sum(figures.tokens(request)[kind] for kind in ("input", "output"))
    if truth != USED:
        yield f"the fleet says {dict(truth)}"
    ground.seen()


def metrics(ground):
    """Gauges in Prometheus: what each tenant has used, nothing held, the limit, counters of budgets that refused nothing."""
    wrong = [("used", ground.by_tenant('penstock_budget_used{budget="team"} > 0'), USED),
             ("held", sum(ground.by_tenant("penstock_budget_held").values()), 0),
             ("limit", ground.prometheus.number('penstock_budget_limit{budget="team"}'), LIMIT),
             ("open", ground.by_tenant('penstock_budget_held{unit="streams", account="own"}').keys(), {"own"}),
             ("denied", {labels["budget"]: value for labels, value in ground.prometheus.ask("penstock_budget_denied_total")}, {"team": 0, "no": 1, "open": 0})]
    return [f"{what}: {have} instead of {want}" for what, have, want in wrong if have != want]


def command(ground):
    """`penstock budgets` says the same of the proxy, and of what it once answered in either form."""
    plain, prometheus = ground.folder / "stats.txt", ground.folder / "prometheus.txt"
    plain.write_text(stack.get(f"{ground.proxy.admin}/stats"))
    prometheus.write_text(stack.get(f"{ground.proxy.admin}/stats/prometheus"))
    for source in ("--admin", ground.proxy.admin), ("--file", plain), ("--file", prometheus):
        budgets = penstock(*source)
        team, no = budgets["team"], budgets["no"]
        have = ({name: amount for name, amount in used(team).items() if amount}, team["limit"], no["denied"], no["accounts"][0]["left"], team["accounts"][0]["key"])
        want = (USED, LIMIT, 1, 0, {"tenant": "acme"})
        if have != want or not 0 < team["accounts"][0]["resets_in_s"] <= LONGEST_S or any(account["stale"] for account in team["accounts"]):
            yield f"{source[0]}: {have} instead of {want}: {team}"


def alerts(ground):
    """The rules' own expressions find whose budget is nearly used and which one refuses, and nothing else."""
    rules = (stack.ROOT / "envoy-configs/prometheus/alerts.yaml").read_text()
    expressions = dict(re.findall(r"- alert: (\w+)\n    expr: \|\n((?:      .*\n)+)", rules))
    # An increase is one between two looks.
    ask(ground.proxy.url, "refused")
    ground.prometheus.until(lambda: ground.prometheus.ask(expressions["PenstockBudgetExhausted"]), "a budget refuses")
    found = {name: [labels for labels, _ in ground.prometheus.ask(expression)] for name, expression in expressions.items()}
    nearly = [labels.get("tenant", labels["budget"]) for labels in found.pop("PenstockBudgetNearlyUsed")]
    exhausted = [labels["budget"] for labels in found.pop("PenstockBudgetExhausted")]
    if sorted(nearly) != ["acme", "no"] or exhausted != ["no"]:
        yield f"nearly used: {nearly}; exhausted: {exhausted}"
    yield from (f"{name}: {labels}" for name, labels in found.items() if labels)


CHECKS = settled, metrics, command, alerts


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(home)
        with stack.Stack(configured(folder)) as proxy, server.Prometheus(proxy.admin) as prometheus:
            ground = Ground(proxy, prometheus, folder)
            for check in CHECKS:
                name, wrong = check.__doc__.splitlines()[0], list(check(ground) or [])
                print(f"FAIL {name} " + "; ".join(wrong) if wrong else f"ok   {name}", flush=True)
                passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
