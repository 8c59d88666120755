"""The words of the console's page of moderation."""

from typing import Final

from plaudit.feedback_board.holds.domain import HoldReason
from plaudit.feedback_board.moderation.domain import Action

REASONS: Final = {
    HoldReason.FIRST_POST: "first post of a visitor",
    HoldReason.LINKS: "many links",
    HoldReason.BLOCKED_WORD: "a blocked word",
    HoldReason.NO_LETTERS: "no letters",
    HoldReason.SAME_AGAIN: "the same text again",
    HoldReason.TOO_FAST: "sent faster than people write",
    HoldReason.TRAP: "filled in a field that people do not see",
    HoldReason.NAME: "a name like one of the staff",
}
ACTIONS: Final = {
    Action.APPROVED: "approved",
    Action.REMOVED: "removed",
    Action.TRUSTED: "trusts the person",
    Action.BLOCKED: "blocked the person",
    Action.CLEARED: "neither trusts nor blocks the person any more",
    Action.RULES_SET: "set the rules",
}
