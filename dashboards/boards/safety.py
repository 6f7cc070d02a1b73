"""What did the guard and the redactor find, and what became of it?"""
from grafana import Board, Row, bars, lines, number, selector


def per_second(metric, by="", **fixed):
    """Added up, by labels where some are named."""
    group = f" by ({by})" if by else ""
    return f"sum{group} (rate({metric}{selector(**fixed)}[$__rate_interval]))"


FOUND, FINDS = "penstock_guard_findings_total", "penstock_pii_finds_total"

BOARD = Board("safety", "Safety", "Attacks, leaks and personal data: what was found, what was done, and what nobody could read. No text is ever in a metric.", (), (
    Row("Now", (
        number("Refused by the guard", "reqps", "Requests and answers. Is it traffic that should pass? See by rule, and try the rule with penstock explain.",
               per_second("penstock_denied_total", filter="prompt_guard")),
        number("Tenants blocked", "reqps", "Requests of tenants that are blocked after repeated attacks. The usage ledger names them.",
               per_second("penstock_guard_blocked_requests_total"), limits=(0.01, 1)),
        number("Personal data masked", "ops", "Finds in requests that did not reach a model.", per_second(FINDS, direction="request", action="mask")),
        number("Refused by the redactor", "reqps", "Requests with what must not leave at all, such as private keys.",
               per_second("penstock_denied_total", filter="pii_redactor")),
        number("Unreadable", "ops", "Failures of guard and redactor: what cannot be read is refused unless on_failure is open.",
               per_second("penstock_failures_total", filter="~prompt_guard|pii_redactor"), limits=(0.01, 1)),
        number("Unseen content", "ops", "Images, audio, files and references, which no filter reads. on_unseen: deny refuses them.",
               "sum(rate(penstock_guard_unseen_total[$__rate_interval]))"),
    )),
    Row("Guard", (
        lines("Findings by rule", "ops", "One request may have several. A rule that jumps up: an attack, or a new kind of harmless text; sample the ledger.",
              (per_second(FOUND, "rule"), "{{rule}}"), stacked=True),
        lines("Findings by action", "ops", "would_...: what shadow mode or a policy under trial would have done. Look here before it is enforced.",
              (per_second(FOUND, "action"), "{{action}}"), stacked=True),
        lines("Where they were", "ops", "In requests or answers, by the part of the conversation. tool_result: somebody else's text attacks your users.",
              (per_second(FOUND, "direction, scope"), "{{direction}} {{scope}}"), stacked=True),
        bars("Most frequent rules", "short", "In the time shown.", f"sum by (rule) (increase({FOUND}[$__range]))", "{{rule}}"),
        lines("Judge", "ops", "Doubtful texts that a model was asked about, and what it said. failed: no answer, so the classifier decided alone.",
              (per_second("penstock_guard_judge_verdicts_total", "verdict"), "{{verdict}}"), (per_second("penstock_guard_judge_asked_total"), "asked")),
        lines("Blocked tenants", "ops", "Blocks that began, requests refused for one, and attacks that could not be counted against their tenant.",
              (per_second("penstock_guard_blocks_total"), "blocks"), (per_second("penstock_guard_blocked_requests_total"), "refused"),
              (per_second("penstock_guard_block_overflow_total"), "not counted")),
    )),
    Row("Redactor", (
        lines("Finds by entity", "ops", "Personal data and secrets. A new entity on a quiet route: an application sends what it did not before.",
              (per_second(FINDS, "entity"), "{{entity}}"), stacked=True),
        lines("Finds by direction and action", "ops", "would_...: shadow mode. Finds in answers come from the model: its training data, tools or documents.",
              (per_second(FINDS, "direction, action"), "{{direction}} {{action}}"), stacked=True),
        lines("Restored", "ops", "Values that clients got back in answers. unknown: placeholders that were never given out, left as they are.",
              (per_second("penstock_pii_restored_total", "entity"), "{{entity}}"), (per_second("penstock_pii_unknown_placeholders_total"), "unknown"), stacked=True),
    )),
    Row("All filters", (
        lines("Refusals and cuts", "reqps", "By filter and code, as clients were told.", (per_second("penstock_denied_total", "filter, code"), "{{filter}} {{code}}"),
              stacked=True),
        lines("What shadow mode would have done", "ops", "By filter. Nothing of it took effect: this is what enforcing would bring.",
              (per_second("penstock_would_total", "filter, action"), "{{filter}} {{action}}"), stacked=True),
        lines("Failures by kind", "ops", "docs/engine.md says what each kind is. 4xx kinds are clients', 5xx kinds the servers' or the proxy's.",
              (per_second("penstock_failures_total", "filter, kind"), "{{filter}} {{kind}}"), stacked=True),
        lines("Text read", "Bps", "By guard and redactor. It is what their CPU time goes with.",
              (per_second("penstock_guard_scanned_bytes_total", "direction"), "guard {{direction}}"),
              (per_second("penstock_pii_scanned_bytes_total", "direction"), "redactor {{direction}}")),
        lines("Not read", "ops", "unseen: content of a kind that nobody here reads. unwatched: prompts too long to compare their answers with to the end.",
              (per_second("penstock_guard_unseen_total", "kind"), "guard unseen {{kind}}"), (per_second("penstock_pii_unseen_total", "kind"), "redactor unseen {{kind}}"),
              (per_second("penstock_guard_unwatched_total", "what"), "unwatched {{what}}")),
        lines("Lost labels", "ops", "Findings over max_series, which were counted without their labels. Raise it, or name fewer rules.",
              (per_second("penstock_guard_series_overflow_total"), "guard"), (per_second("penstock_pii_series_overflow_total"), "redactor")),
    )),
))
