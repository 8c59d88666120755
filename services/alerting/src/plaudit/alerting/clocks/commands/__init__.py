"""How clocks change. Other rooms follow: they schedule timers, raise alerts, write mails in the same transaction.

The transaction holds the order keys of the clocks: consumers and jobs lock them first.
"""

from plaudit.alerting.clocks.commands.by_people import ByHand, Changed, change_by_hand, move_by_hand
from plaudit.alerting.clocks.commands.history import read_late
from plaudit.alerting.clocks.commands.moving import (
    MAX_PREVIEWED,
    ChangedMeanwhileError,
    Ordered,
    fail_move,
    move_some,
    order_counting,
    order_move,
    preview_move,
)
from plaudit.alerting.clocks.commands.reading import apply_revisions, end_erased
from plaudit.alerting.clocks.commands.writing import NO_CAUSE, Cause, ClockWriter, Follower, rules_of

__all__ = [
    "MAX_PREVIEWED",
    "NO_CAUSE",
    "ByHand",
    "Cause",
    "Changed",
    "ChangedMeanwhileError",
    "ClockWriter",
    "Follower",
    "Ordered",
    "apply_revisions",
    "change_by_hand",
    "end_erased",
    "fail_move",
    "move_by_hand",
    "move_some",
    "order_counting",
    "order_move",
    "preview_move",
    "read_late",
    "rules_of",
]
