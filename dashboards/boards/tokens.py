"""What is used, by whom, and what does it cost?"""
from grafana import Board, Row, bars, lines, number, selector

from .overview import CHOICE, LABELS, METER, tokens

COST = f"rate(penstock_cost_nano_total{METER}[$__rate_interval])"
SPENT = f"increase(penstock_cost_nano_total{METER}[$__range])"
USED = f'increase(penstock_tokens_total{selector(*LABELS, type="~input|output")}[$__range])'
ANSWERED = f'sum(rate(penstock_requests_total{selector(*LABELS, origin="upstream")}[$__rate_interval]))'

BOARD = Board("tokens", "Tokens and cost", "Tokens as servers report them, estimates where they do not, and their cost by the meter's price table.", CHOICE, (
    Row("Now", (
        number("Input", "si:tok/s", "Prompt tokens a second, cached ones included.", f'sum({tokens(type="input")})', width=6),
        number("Output", "si:tok/s", "Generated tokens a second, reasoning included.", f'sum({tokens(type="output")})', width=6),
        number("Cached share of input", "percentunit", "Input that was read from a provider's prompt cache. Low with long common prompts: put what is common first.",
               f'sum({tokens(type="cached")}) / sum({tokens(type="input")})', width=6),
        number("Estimated share", "percentunit", "Exchanges whose usage is an estimate, because a stream broke or a server reports none. High: see ask_usage.",
               f"sum(rate(penstock_usage_estimated_total{METER}[$__rate_interval])) / {ANSWERED}", limits=(0.05, 0.25), width=6),
    )),
    Row("Tokens", (
        lines("By type", "si:tok/s", "input and output are totals. cached and cache_creation are parts of input, reasoning of output: do not add them.",
              (f"sum by (type) ({tokens()})", "{{type}}")),
        lines("By model", "si:tok/s", "Input and output.", (f'sum by (model) ({tokens(type="~input|output")})', "{{model}}"), stacked=True),
        lines("By tenant", "si:tok/s", "Input and output.", (f'sum by (tenant) ({tokens(type="~input|output")})', "{{tenant}}"), stacked=True),
        lines("By route", "si:tok/s", "Input and output. Routes are Envoy's, by their names.", (f'sum by (route) ({tokens(type="~input|output")})', "{{route}}"),
              stacked=True),
        lines("Cached share, by model", "percentunit", "Input that came from a prompt cache. A fall after a release: its prompts begin differently now.",
              (f'sum by (model) ({tokens(type="cached")}) / sum by (model) ({tokens(type="input")})', "{{model}}")),
        lines("Output for each input token", "short", "How much is written for what is read. A jump: runaway answers, or a new kind of use.",
              (f'sum by (model) ({tokens(type="output")}) / sum by (model) ({tokens(type="input")})', "{{model}}")),
    )),
    Row("Cost", (
        lines("An hour, by model", "short", "At the present pace, in the currency of the price table.",
              (f"sum by (model, currency) ({COST}) * 3600 / 1e9", "{{model}} {{currency}}"), stacked=True),
        lines("An hour, by tenant", "short", "At the present pace, in the currency of the price table.",
              (f"sum by (tenant, currency) ({COST}) * 3600 / 1e9", "{{tenant}} {{currency}}"), stacked=True),
        lines("Of a million tokens, by model", "short", "Cost over input and output: what a token really costs here, with caching and the mix of both.",
              (f'sum by (model) ({COST}) / 1e3 / sum by (model) ({tokens(type="~input|output")})', "{{model}}")),
        bars("Tokens by tenant", "short", "In the time shown.", f"sum by (tenant) ({USED})", "{{tenant}}"),
        bars("Cost by tenant", "short", "In the time shown.", f"sum by (tenant, currency) ({SPENT}) / 1e9", "{{tenant}} {{currency}}"),
        bars("Cost by model", "short", "In the time shown.", f"sum by (model, currency) ({SPENT}) / 1e9", "{{model}} {{currency}}"),
    )),
    Row("What the figures do not cover", (
        lines("Without a price", "reqps", "Exchanges whose model has no price: their cost is nowhere. Add them to prices.",
              (f"sum by (model) (rate(penstock_cost_missing_total{METER}[$__rate_interval]))", "{{model}}")),
        lines("Estimated, by reason", "reqps", "Exchanges whose usage was estimated from their text.",
              (f"sum by (reason) (rate(penstock_usage_estimated_total{METER}[$__rate_interval]))", "{{reason}}")),
        lines("Unknown usage and lost labels", "reqps", "missing: no report, and no text to estimate from. overflow: over max_series, counted as other.",
              (f"sum by (reason) (rate(penstock_usage_missing_total{METER}[$__rate_interval]))", "missing: {{reason}}"),
              ("sum(rate(penstock_series_overflow_total[$__rate_interval]))", "overflow")),
    )),
))
