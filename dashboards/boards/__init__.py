"""The boards, in the order of the menu."""
from . import budgets, fleet, latency, overview, safety, tokens

BOARDS = tuple(module.BOARD for module in (overview, tokens, latency, safety, fleet, budgets))
