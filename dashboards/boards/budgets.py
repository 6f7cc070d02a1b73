"""How far are budgets spent, and whom do they refuse?"""
from grafana import Board, Row, Variable, bars, lines, number, selector

CHOICE = Variable("unit", "penstock_budget_reserved_total"), Variable("budget", "penstock_budget_reserved_total", ("unit",))
CHOSEN = selector("unit", "budget")


def counted(name, by="budget"):
    return f"sum by ({by}) (rate(penstock_budget_{name}_total{CHOSEN}[$__rate_interval]))"


def total(name):
    return f"sum(rate(penstock_budget_{name}_total{CHOSEN}[$__rate_interval]))"


# The rest is the sum of many accounts, and has no limit of its own.
ACCOUNTS = selector("unit", "budget", account="!rest")
SHARE = f"penstock_budget_used{ACCOUNTS} / on (job, instance, budget, unit) group_left () penstock_budget_limit{CHOSEN}"
COMES_BACK = f"clamp_min(penstock_budget_reset_timestamp_seconds{ACCOUNTS} - time(), 0)"
WHOSE = "{{budget}} {{tenant}} {{route}} {{model}} {{api}}"


def missed(kind):
    """By how much estimates would have missed what servers reported."""
    return (f'sum(rate(penstock_estimate_error_tokens_total{{type="{kind}"}}[$__rate_interval]))'
            f' / sum(rate(penstock_tokens_total{{type="{kind}"}}[$__rate_interval]))')


BOARD = Board("budgets", "Budgets", "What budgets let through, hold and refuse. Amounts are in each budget's unit; money in 10^-9 of the currency.", CHOICE, (
    Row("Now", (
        number("Refused", "reqps", "Requests that a budget did not let in. The client was told when to come back.", total("denied"), limits=(0.01, 10), width=6),
        number("Cut", "reqps", "Streams that outgrew their budget. Many: clients do not bound their answers, or the budget is too small for one.",
               total("cut"), limits=(0.01, 1), width=6),
        number("Would be refused", "reqps", "By budgets in shadow mode: what enforcing them would bring.", total("would_deny"), width=6),
        number("State errors", "ops", "Times that shared data failed; on_state_error decides what follows. It should be none.", total("state_errors"),
               limits=(0.001, 0.1), width=6),
    )),
    Row("By account", (
        bars("Share of the limit used", "percentunit", "Of the accounts that have metrics of their own; a budget without key is one account. At 100 % it refuses until its "
             "window moves: tell its owner in time, or raise limit.", SHARE, WHOSE),
        lines("Fullest account of each budget", "percentunit", "Share of its limit that is used. It falls when a window ends; flat at 100 %: somebody waits all the time.",
              (f"max by (budget, unit) ({SHARE})", "{{budget}} {{unit}}")),
        bars("Comes back in", "s", "Until nothing that is used now counts any more.", COMES_BACK, WHOSE),
    )),
    Row("By budget", (
        lines("Used", "short", "A second, in the budget's unit.", (counted("used", "budget, unit"), "{{budget}} {{unit}}")),
        lines("Held", "short", "Set aside by exchanges that run. What stays here without traffic would be lost: it should go back to 0.",
              (f"sum by (budget, unit) (penstock_budget_held{CHOSEN})", "{{budget}} {{unit}}")),
        lines("Set aside and given back", "short", "A second. Much that comes back unused: estimates are far too high, see reserve and max_tokens.",
              (counted("reserved"), "{{budget}} reserved"), (counted("returned"), "{{budget}} returned")),
        lines("Refused and cut", "reqps", "By budget. Steady: the limit is too low or a client does not wait for retry-after.",
              (counted("denied"), "{{budget}} refused"), (counted("cut"), "{{budget}} cut"), stacked=True),
        lines("In shadow mode", "reqps", "What budgets under trial would have refused and cut.", (counted("would_deny"), "{{budget}} would refuse"),
              (counted("would_cut"), "{{budget}} would cut"), stacked=True),
        lines("Refused share", "percentunit", "Of all requests that the meter saw.",
              (f"{counted('denied')} / scalar(sum(rate(penstock_requests_total[$__rate_interval])))", "{{budget}}")),
        bars("Used, in the time shown", "short", "In the budget's unit.", f"sum by (budget, unit) (increase(penstock_budget_used_total{CHOSEN}[$__range]))",
             "{{budget}} {{unit}}"),
        lines("Expired", "short", "A second: what workers held that died. More than once in a while: look for crashes in Envoy's log.",
              (counted("expired"), "{{budget}}")),
        lines("Without a place", "reqps", "Exchanges on the account of those that found none. Raise max_keys to three times the tenants that you expect.",
              (counted("overflow"), "{{budget}}")),
        lines("Accounts without metrics", "short", "They are in the rest, as one sum. Hundreds where tens are expected: somebody mints names of tenants.",
              (f"sum by (budget) (penstock_budget_accounts{CHOSEN})", "{{budget}}")),
        lines("Missed by estimates", "percentunit", "Of the tokens that servers reported. Above 20 % for long: see estimate.bytes_per_token, images and files in prompts, "
              "reasoning that is not told.", (missed("input"), "input"), (missed("output"), "output")),
    )),
))
