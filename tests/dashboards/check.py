"""Every query of every dashboard and variable, and those by which kubernetes/ scales, is asked of a real Prometheus that scrapes real Envoys under the demo's traffic, and must give data.

    $(tools/python.sh) tests/dashboards/check.py [--rounds N] [--pictures FOLDER]

What Grafana would put in for `$__rate_interval` and the variables is put in here. A query whose answer is empty, not a number or 0 all the time
after MOST_ROUNDS fails, unless it stands in SELDOM with the reason; it has to be understood by Prometheus all the same. --pictures draws what was
answered.
"""
import argparse
import json
import math
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / name) for name in ("demo", "sdk", "prometheus")] + [str(ROOT / "dashboards")]
import grafana  # noqa: E402  (found by the line above)
import ground  # noqa: E402
import make  # noqa: E402
import picture  # noqa: E402
import scaling  # noqa: E402

INTERVAL_S, STEP_S = 10, 1
LEAST_ROUNDS, MOST_ROUNDS = 3, 12  # an event that counts must fall between two scrapes, which chance alone decides
SETTLED_S = 7  # histograms are merged each 5 s, and then scraped
METRIC = re.compile(r"\bpenstock_\w+")
# What no traffic of clients brings about, by board, panel and legend.
SELDOM = {
    "tokens: Unknown usage and lost labels: overflow": "needs more than 2000 combinations of labels",
    "safety: Blocked tenants: not counted": "needs five tenants in one place of the book",
    "safety: Lost labels: guard": "needs more than 2000 combinations of labels",
    "safety: Lost labels: redactor": "needs more than 2000 combinations of labels",
    "fleet: Reports ignored: {{backend}}": "needs a server that reports nonsense",
    "budgets: State errors: ": "needs shared data that fails",
    "budgets: Expired: {{budget}}": "needs a worker that dies",
    "budgets: Without a place: {{budget}}": "needs more tenants than max_keys",
    "budgets: Accounts without metrics: {{budget}}": "needs more than 50 accounts",
}


def known_metrics():
    """Names that the sources define; a histogram has three more."""
    sources = [path.read_text() for folder in ("filters", "shared") for path in (ROOT / folder).rglob("src/**/*.rs")]
    names = {name for text in sources for name in re.findall(r'"(penstock_\w+)"', text)}
    return names | {f"{name}_{part}" for name in names for part in ("bucket", "sum", "count")}


def asked(promql, seconds):
    """The query with what Grafana puts in for its variables when everything is chosen."""
    promql = promql.replace("$__rate_interval", f"{INTERVAL_S}s").replace("$__range", f"{seconds:.0f}s")
    return grafana.FILTERS.sub('=~".*"', promql)


def answers(prometheus, panel, promql, begin, end):
    """[(labels, [(time, value)])] as the panel would get it."""
    query = asked(promql, end - begin)
    if panel.kind == "bargauge":
        return [(labels, [(end, value)]) for labels, value in prometheus.ask(query)]
    return prometheus.course(query, begin, end, STEP_S)


def wrong_with(answer):
    values = [value for _, points in answer for _, value in points if math.isfinite(value)]
    if not values:
        return "no data"
    return "" if any(values) else "0 all the time"


class Check:
    def __init__(self):
        self.passed = self.failed = 0
        self.answered = {}

    def say(self, name, wrong, note=""):
        print(f"FAIL {name}: {wrong}" if wrong else f"ok   {name}{note}", flush=True)
        self.passed, self.failed = self.passed + (not wrong), self.failed + bool(wrong)

    def files(self):
        stale = [path.name for path in make.differ()]
        self.say("the dashboards are what dashboards/boards says", f"{stale}; `make dashboards` writes them" if stale else "")
        known = known_metrics()
        for board in make.BOARDS:
            used = set(METRIC.findall(json.dumps(grafana.document(board))))
            self.say(f"{board.name}: its {len(used)} metrics exist", ", ".join(sorted(used - known)))
        self.say("metrics of the HPAs are the adapter's", ", ".join(sorted(scaling.unlike())))

    def variables(self, board, prometheus):
        for one in board.variables:
            chosen = grafana.selector(*one.within)
            values = prometheus.get(f"label/{one.label}/values", **{"match[]": asked(one.metric + chosen, 0)})
            self.say(f"{board.name}: variable {one.label}", "" if values else "it has no values")

    def ask(self, prometheus, begin, end):
        """All queries. Gives whether each has data that should."""
        for board in make.BOARDS:
            for panel in board.panels():
                for promql, legend in panel.queries:
                    self.answered[f"{board.name}: {panel.title}: {legend}"] = answers(prometheus, panel, promql, begin, end)
        for name, promql in scaling.queries():
            self.answered[name] = prometheus.course(promql, begin, end, STEP_S)
        return not any(wrong_with(answer) for name, answer in self.answered.items() if name not in SELDOM)

    def queries(self):
        for name, answer in self.answered.items():
            seldom = SELDOM.get(name)
            self.say(name, "" if seldom else wrong_with(answer), f" ({seldom})" if seldom else "")

    def reasons(self):
        """SELDOM names queries that there are."""
        left = SELDOM.keys() - self.answered.keys()
        self.say("what is seldom is asked for", f"no such query: {sorted(left)}" if left else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help=f"of the demo's traffic, at least {LEAST_ROUNDS}")
    parser.add_argument("--pictures", type=pathlib.Path, help="where an SVG of each dashboard is put")
    options = parser.parse_args()
    check = Check()
    check.files()
    with ground.Ground() as running:
        for number in range(max(options.rounds, MOST_ROUNDS)):
            running.send(number)
            if number + 1 >= max(options.rounds, LEAST_ROUNDS):
                time.sleep(SETTLED_S)
                if check.ask(running.prometheus, running.begin, time.time()):
                    break
        for board in make.BOARDS:
            check.variables(board, running.prometheus)
    check.queries()
    check.reasons()
    if options.pictures:
        for board in make.BOARDS:
            (options.pictures / f"{board.name}.svg").write_text(picture.draw(board, check.answered))
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
