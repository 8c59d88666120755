"""The words of the console's page of moderation."""

from typing import Final

from plaudit.feedback_board.holds.domain import Reason
from plaudit.feedback_board.moderation.domain import Action

REASONS: Final = {
    Reason.FIRST_POST: "first post of a visitor",
    Reason.LINKS: "many links",
    Reason.BLOCKED_WORD: "a blocked word",
    Reason.NO_LETTERS: "no letters",
    Reason.SAME_AGAIN: "the same text again",
    Reason.TOO_FAST: "sent faster than people write",
    Reason.TRAP: "filled in a field that people do not see",
    Reason.NAME: "a name like one of the staff",
}
ACTIONS: Final = {
    Action.APPROVED: "approved",
    Action.REMOVED: "removed",
    Action.TRUSTED: "trusts the person",
    Action.BLOCKED: "blocked the person",
    Action.CLEARED: "neither trusts nor blocks the person any more",
    Action.RULES_SET: "set the rules",
}
