"""The words of the pages: days, numbers, statuses, and the notice after a form."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from plaudit.common.text import isolated
from plaudit.feedback_board.comments import wording as comments
from plaudit.feedback_board.requests.domain.activity import Entry, Kind, decimal_text
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.text import excerpt

STATUS_WORDS: Final = {
    Status.OPEN: "Open",
    Status.UNDER_REVIEW: "Under review",
    Status.PLANNED: "Planned",
    Status.IN_PROGRESS: "In progress",
    Status.SHIPPED: "Shipped",
    Status.DECLINED: "Declined",
}
IMPACT_WORDS: Final = {
    Decimal("0.25"): "minimal",
    Decimal("0.5"): "low",
    Decimal(1): "medium",
    Decimal(2): "high",
    Decimal(3): "massive",
}
MERGED: Final = "This request is merged into another one, so it does not change any more."
NOTICES: Final = {
    "voted": "Thank you, your vote counts.",
    "withdrawn": "Your vote is taken back.",
    "requested": "Your request is on the board, with your vote.",
    "merged": "The request that you asked for is merged into this one, which asks for the same.",
    "closed": "This request has been decided, so it takes no more votes.",
    "request-taken-back": "Your request is taken back.",
    **comments.NOTICES,
}
"""What the page after a form says; the address names one of these, so no other text can be shown."""


def day(moment: datetime) -> str:
    """Return a day as `7 March 2026` (UTC)."""
    return f"{moment.day} {moment:%B %Y}"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 vote`, `1,204 votes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def reached(request: Request) -> str:
    """Return whom a request reaches: `12 people`, `12 people, and 3 visitors who did not sign in`."""
    people = count(request.reach, "person", "people")
    if not request.anonymous_reach:
        return people
    return f"{people}, and {count(request.anonymous_reach, 'visitor')} who did not sign in"


def weeks(effort_weeks: Decimal) -> str:
    """Return an effort as `0.5 person-weeks`."""
    return f"{decimal_text(effort_weeks)} person-week{'' if effort_weeks == 1 else 's'}"


def stars(rating: float) -> str:
    """Return a rating as `4 of 5 stars`, to the nearest half."""
    return f"{int(rating * 2 + 0.5) / 2:g} of 5 stars"


def paragraphs(text: str) -> list[list[str]]:
    """Return a plain text as paragraphs of lines."""
    blocks = [block.strip().split("\n") for block in text.split("\n\n")]
    return [block for block in blocks if any(block)]


def history_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry of the log as the history of a request shows it."""
    detail = entry.detail
    figures = detail["figures"]
    match entry.kind:
        case Kind.STATUS_CHANGED:
            return {"at": entry.at, "status": Status(detail["status"]), "reason": detail["reason"], "words": ""}
        case Kind.SIZED if detail["impact"] is None:
            words = "The sizing was taken back."
        case Kind.SIZED:
            impact, effort = Decimal(detail["impact"]), Decimal(detail["effort_weeks"])
            words = (
                f"Sized: impact {detail['impact']} ({IMPACT_WORDS[impact]}), effort {weeks(effort)}. "
                f"With a reach of {figures['reach']} that made a priority of {figures['priority']}."
            )
        case Kind.MERGED_HERE:
            words = f"“{isolated(detail['title'])}” was merged into this request: {isolated(detail['reason'])}"
        case Kind.UNMERGED_HERE:
            words = f"“{isolated(detail['title'])}” is a request of its own again."
        case _:
            words = _made_by(entry)
    return {"at": entry.at, "status": None, "reason": "", "words": words}


def _made_by(entry: Entry) -> str:
    """Return who made a request: somebody by name, a visitor, or over the API somebody whom the board does not know."""
    name = entry.detail.get("author_name")
    if name:
        return f"{isolated(name)} made this request."
    return (
        "This request was put on the board."
        if entry.actor.startswith(("key:", "person:"))
        else "A visitor made this request."
    )


def helpers() -> dict[str, Any]:
    """Return the functions and tables that templates use."""
    return {
        "Status": Status,
        "status_words": STATUS_WORDS,
        "impact_words": IMPACT_WORDS,
        "day": day,
        "count": count,
        "reached": reached,
        "weeks": weeks,
        "stars": stars,
        "decimal": decimal_text,
        "paragraphs": paragraphs,
        "excerpt": excerpt,
    }
