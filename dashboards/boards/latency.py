"""How long do users wait, for the first token and between tokens?"""
from grafana import Board, Row, Variable, lines, number, selector

LABELS = "route", "model"
CHOICE = Variable("route", "penstock_time_to_first_token_ms_count"), Variable("model", "penstock_time_to_first_token_ms_count", ("route",))
FIRST, EACH, WHOLE = "penstock_time_to_first_token_ms", "penstock_time_per_output_token_us", "penstock_request_duration_ms"
QUANTILES = (0.5, "median"), (0.95, "p95"), (0.99, "p99")


def quantile(share, metric, by=""):
    """Of the histogram, by another label where one is given."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{selector(*LABELS)}[$__rate_interval])))"


def spread(metric):
    return [(quantile(share, metric), name) for share, name in QUANTILES]


def ended(**fixed):
    return f"rate(penstock_requests_total{selector(*LABELS, **fixed)}[$__rate_interval])"


BOARD = Board("latency", "Latency", "What users wait for, as seen at the proxy: from the request's head to the first output, and from token to token.", CHOICE, (
    Row("Now", (
        number("First token, median", "ms", "Half of the streams began within this time.", quantile(0.5, FIRST)),
        number("First token, p95", "ms", "19 of 20 streams began within it. High while the median is low: queues at some backends, see Fleet.",
               quantile(0.95, FIRST), limits=(2000, 10000)),
        number("First token, p99", "ms", "The slowest of a hundred. Long prompts are here; so are retries.", quantile(0.99, FIRST), limits=(5000, 30000)),
        number("Between tokens, median", "µs", "Of streams: first to last output over the tokens after the first. People read at about 50 ms a token.",
               quantile(0.5, EACH)),
        number("Between tokens, p95", "µs", "Above 100 ms an answer seems to stall: too many streams for each server.", quantile(0.95, EACH),
               limits=(100000, 250000)),
        number("Tokens a user sees", "si:tok/s", "In a median stream.", f"1e6 / {quantile(0.5, EACH)}"),
    )),
    Row("Time to the first token, of streams", (
        lines("Spread", "ms", "All streams. The three move together when servers slow down, apart when some queue.", *spread(FIRST)),
        lines("p95 by model", "ms", "A single model: its servers. All at once: the proxy, the network or the load.", (quantile(0.95, FIRST, "model"), "{{model}}")),
        lines("p95 by route", "ms", "Routes are Envoy's, by their names.", (quantile(0.95, FIRST, "route"), "{{route}}")),
    )),
    Row("Time per output token, of streams", (
        lines("Spread", "µs", "All streams.", *spread(EACH)),
        lines("p95 by model", "µs", "Grows with the streams that a server runs at a time.", (quantile(0.95, EACH, "model"), "{{model}}")),
        lines("Tokens a second that a user sees", "si:tok/s", "In a median stream of each model.", (f"1e6 / {quantile(0.5, EACH, 'model')}", "{{model}}")),
    )),
    Row("Whole exchanges", (
        lines("Duration", "ms", "From the request's head to the end of the answer; long answers take long, so compare with their tokens.", *spread(WHOLE)),
        lines("p95 by outcome", "ms", "cancelled at a steady time: that is a client's or a load balancer's timeout.", (quantile(0.95, WHOLE, "outcome"), "{{outcome}}")),
        lines("Not to their end", "reqps", "Exchanges by how else they ended. upstream_error: a server broke off; cancelled: a client left.",
              (f'sum by (outcome) ({ended(outcome="!complete")})', "{{outcome}}"), stacked=True),
    )),
))
