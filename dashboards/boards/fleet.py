"""Which backend serves what, how fast, and is one of them ill?"""
from grafana import Board, Row, Variable, bars, lines, number, selector

CHOICE = (Variable("backend", "penstock_picker_picks_total"),)
CHOSEN = selector("backend")


def counted(name, by="backend", chosen=CHOSEN):
    return f"sum by ({by}) (rate(penstock_picker_{name}_total{chosen}[$__rate_interval]))"


def gauge(name, how):
    """Workers and proxies each export what they know of a backend."""
    return f"{how} by (backend) (penstock_picker_{name}{CHOSEN})"


def quantile(share, metric, by="", chosen=CHOSEN):
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate(penstock_picker_{metric}_bucket{chosen}[$__rate_interval])))"


BOARD = Board("fleet", "Fleet", "The cluster picker: what it sent where, what it expected of each backend, and what it saw.", CHOICE, (
    Row("Now", (
        number("Picked", "reqps", "Requests that were sent to a backend of the picker's choice.", f"sum(rate(penstock_picker_picks_total{CHOSEN}[$__rate_interval]))"),
        number("Left to Envoy", "percentunit", "Share of requests without a choice: no backend in sight, or an exchange that could not be read.",
               "sum(rate(penstock_picker_unpicked_total[$__rate_interval])) / (sum(rate(penstock_picker_unpicked_total[$__rate_interval]))"
               " + sum(rate(penstock_picker_picks_total[$__rate_interval])))", limits=(0.05, 0.5)),
        number("Refused by admission", "reqps", "Even the best backend would have begun too late. Add servers, or let less urgent work wait.",
               "sum(rate(penstock_picker_shed_total[$__rate_interval]))", limits=(0.01, 1)),
        number("Backends out", "short", "Ejected, resting or on probe. Failures by backend says which; its own log says why.",
               f"sum({gauge('out', 'max')})", limits=(1, 2)),
        number("Open requests", "short", "Running on all backends, by the books of all workers.", f"sum(penstock_picker_open_requests{CHOSEN})"),
        number("First token, p95", "ms", "Of streams, over the chosen backends.", quantile(0.95, "first_token_ms"), limits=(2000, 10000)),
    )),
    Row("Load", (
        lines("Picks", "reqps", "A fast server gets more than a slow one: equal shares are not the aim.", (counted("picks"), "{{backend}}"), stacked=True),
        lines("Open requests", "short", "Many at one backend with few picks: it is slow, or hangs.", (gauge("open_requests", "sum"), "{{backend}}"), stacked=True),
        lines("Pace", "percentunit", "Time that a backend takes beside the mean of all: 1 is the mean, 2 is twice as slow. Sudden growth: throttling, a neighbour, "
              "a failing GPU.", (f"{gauge('pace_permille', 'avg')} / 1000", "{{backend}}")),
        bars("Share of picks", "percentunit", "In the time shown.",
             f"sum by (backend) (increase(penstock_picker_picks_total{CHOSEN}[$__range])) / scalar(sum(increase(penstock_picker_picks_total{CHOSEN}[$__range])))",
             "{{backend}}"),
        lines("First token, p95", "ms", "Of streams, by backend. In a well-picked fleet they are alike.", (quantile(0.95, "first_token_ms", "backend"), "{{backend}}")),
        lines("Predicted and seen", "ms", "Medians of the time to the first token: of all picks, and of streams. Far apart: the picker does not know this fleet yet, "
              "or answers are seldom streams.", (quantile(0.5, "predicted_first_token_ms"), "predicted"), (quantile(0.5, "first_token_ms"), "seen")),
    )),
    Row("Health", (
        lines("Failures", "reqps", "Before any answer; retried elsewhere or not.", (counted("failures"), "{{backend}}")),
        lines("Ejections", "ops", "Times that a backend was taken out. More than one after the other: it comes back ill.", (counted("ejections"), "{{backend}}")),
        lines("Out", "short", "1 while a backend takes no requests.", (gauge("out", "max"), "{{backend}}")),
        lines("Answered elsewhere", "reqps", "Picked here, answered by another: retries, hedges, hosts that the cluster lost.", (counted("moves"), "{{backend}}")),
        lines("Polls", "ops", "Of the backends' own metrics. failed: the page is not there, or the backend is too busy to answer.",
              (counted("polls"), "{{backend}}"), (counted("poll_failures"), "{{backend}} failed")),
        lines("Reports ignored", "ops", "Values in load reports that cannot be true. Look at that server's version.", (counted("reports_ignored"), "{{backend}}")),
    )),
    Row("Groups: canaries and colours", (
        lines("Answered", "reqps", "By group. Compare with the shares in the configuration.", (counted("group_answered", "group", ""), "{{group}}"), stacked=True),
        lines("Failed share", "percentunit", "By group. A canary above the others: rollback takes it out, or set its share to 0.",
              (f"{counted('group_failed', 'group', '')} / ({counted('group_failed', 'group', '')} + {counted('group_answered', 'group', '')})", "{{group}}")),
        lines("First token, p95, by group", "ms", "Of streams.", (quantile(0.95, "group_first_token_ms", "group", ""), "{{group}}")),
        lines("Tokens", "si:tok/s", "Input and output that each group reported.", (counted("group_input_tokens", "group", ""), "{{group}} input"),
              (counted("group_output_tokens", "group", ""), "{{group}} output")),
        lines("Rollbacks", "short", "Groups taken out because they did worse, since Envoy started. It holds until the configuration changes or Envoy restarts.",
              ("sum by (group) (penstock_picker_rollbacks_total)", "{{group}}")),
        lines("Not picked", "reqps", "Left to Envoy's own policy, and refused by admission.", (counted("unpicked", "fleet", ""), "left to Envoy"),
              (counted("shed", "fleet", ""), "refused")),
    )),
))
