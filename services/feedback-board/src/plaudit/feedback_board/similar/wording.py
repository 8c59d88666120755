"""The words of similar requests on the public pages."""

from typing import Final

from plaudit.feedback_board.requests.domain.status import Status

STATUS_WORDS: Final = {
    Status.OPEN: "Open",
    Status.UNDER_REVIEW: "Under review",
    Status.PLANNED: "Planned",
    Status.IN_PROGRESS: "In progress",
    Status.SHIPPED: "Shipped",
    Status.DECLINED: "Declined",
}
SIMILAR_HEADING: Final = "Somebody may have asked for it already"
SAME_HINT: Final = "This looks like the same. Vote for it, and we hear it louder than twice."
CONFIRM: Final = "Nothing is on the board yet. Your words are still in the form."
NONE_FOUND: Final = "No similar request."
NOT_THE_SAME: Final = "None of these: put mine on the board all the same"


def announced(count: int) -> str:
    """Return what a screen reader says when the list has changed."""
    if not count:
        return NONE_FOUND
    return f"{count} similar request{'' if count == 1 else 's'}"
