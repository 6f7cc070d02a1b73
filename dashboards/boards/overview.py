"""Is all well, and who is asking for what?"""
from grafana import Board, Row, Variable, bars, lines, number, selector

LABELS = "route", "model", "tenant"
METER = selector(*LABELS)
CHOICE = (
    Variable("route", "penstock_requests_total"),
    Variable("model", "penstock_requests_total", ("route",)),
    Variable("tenant", "penstock_requests_total", ("route", "model")),
)


def requests(**fixed):
    return f"rate(penstock_requests_total{selector(*LABELS, **fixed)}[$__rate_interval])"


def tokens(**fixed):
    return f"rate(penstock_tokens_total{selector(*LABELS, **fixed)}[$__rate_interval])"


BOARD = Board("overview", "Overview", "Traffic to language models: how much, how well, at what cost, and what was refused.", CHOICE, (
    Row("Now", (
        number("Requests", "reqps", "Exchanges with models that ended. A fall to nothing while clients are busy: look at Envoy's own statistics.",
               f"sum({requests()})"),
        number("Incomplete", "percentunit", "Share of exchanges that were not answered to their end: refused, cut, cancelled or failed. Ended by shows which.",
               f'sum({requests(outcome="!complete")}) / sum({requests()})', limits=(0.05, 0.2)),
        number("Tokens", "si:tok/s", "Input and output a second. Parts, such as cached input, are within them.",
               f'sum({tokens(type="~input|output")})'),
        number("Cost an hour", "short", "At the present pace, by the price table of the meter, in its currency. Several currencies are added up here: see Tokens and cost.",
               f"sum(rate(penstock_cost_nano_total{METER}[$__rate_interval])) * 3600 / 1e9"),
        number("First token, p95", "ms", "19 of 20 streams began within this time, in all tenants. Compare with Latency, by model and route.",
               f"histogram_quantile(0.95, sum by (le) (rate(penstock_time_to_first_token_ms_bucket{selector('route', 'model')}[$__rate_interval])))",
               limits=(2000, 10000)),
        number("Failures", "ops", "Exchanges that a filter could not read or serve. By kind in Safety; what follows is up to each filter's on_failure.",
               "sum(rate(penstock_failures_total[$__rate_interval]))", limits=(0.01, 1)),
    )),
    Row("Traffic", (
        lines("Ended by", "reqps", "Exchanges by outcome. denied: refused before a model; cut: a stream ended by a filter; cancelled: the client left; "
              "upstream_error, truncated: the model's side broke.", (f"sum by (outcome) ({requests()})", "{{outcome}}"), stacked=True),
        lines("Requests by model", "reqps", "Models as labelled by the meter; what is over models.cap is other.",
              (f"sum by (model) ({requests()})", "{{model}}"), stacked=True),
        lines("Requests by tenant", "reqps", "Who asks. none: no tenant was named; invalid: the name could not be read.",
              (f"sum by (tenant) ({requests()})", "{{tenant}}"), stacked=True),
        lines("Tokens by API", "si:tok/s", "Input and output a second, by the API that clients speak.",
              (f'sum by (api) ({tokens(type="~input|output")})', "{{api}}"), stacked=True),
        lines("Refused", "reqps", "Refusals and cuts, by filter and code. A code that jumps up names the rule or budget to look at.",
              ("sum by (filter, code) (rate(penstock_denied_total[$__rate_interval]))", "{{filter}} {{code}}"), stacked=True),
        lines("Operations", "reqps", "All requests by what they are. generate and embed are read; other kinds pass untouched unless exchange.operations says "
              "otherwise, so mind what grows here unseen.", ("sum by (kind) (rate(penstock_operations_total[$__rate_interval]))", "{{kind}}"), stacked=True),
    )),
    Row("In the time shown", (
        bars("Tokens by tenant", "short", "The ten that used most.",
             f'sum by (tenant) (increase(penstock_tokens_total{selector(*LABELS, type="~input|output")}[$__range]))', "{{tenant}}"),
        bars("Tokens by model", "short", "The ten that were used most.",
             f'sum by (model) (increase(penstock_tokens_total{selector(*LABELS, type="~input|output")}[$__range]))', "{{model}}"),
        bars("Cost by tenant", "short", "The ten that cost most, by currency.",
             f"sum by (tenant, currency) (increase(penstock_cost_nano_total{METER}[$__range])) / 1e9", "{{tenant}} {{currency}}"),
    )),
))
