"""The words of the pages in English, which the catalogues of `languages` have in other languages."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from plaudit.common.pages.languages import Language
from plaudit.common.text import isolated
from plaudit.feedback_board.holds.domain import PersonBlockedError
from plaudit.feedback_board.languages.pages import ENGLISH
from plaudit.feedback_board.languages.pages.words import Words
from plaudit.feedback_board.requests.domain.activity import Entry, Kind, decimal_text
from plaudit.feedback_board.requests.domain.errors import InvalidInputError, MergedRequestError
from plaudit.feedback_board.requests.domain.order import Order
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.text import excerpt
from plaudit.feedback_board.visitors.pages import PUBLIC

STATUS_WORDS: Final = {
    Status.OPEN: "Open",
    Status.UNDER_REVIEW: "Under review",
    Status.PLANNED: "Planned",
    Status.IN_PROGRESS: "In progress",
    Status.SHIPPED: "Shipped",
    Status.DECLINED: "Declined",
}
ALL_OF: Final = {
    Status.PLANNED: "All %(count)s planned",
    Status.IN_PROGRESS: "All %(count)s in progress",
    Status.SHIPPED: "All %(count)s shipped",
}
NOTHING_IN: Final = {
    Status.PLANNED: "Nothing is planned at the moment.",
    Status.IN_PROGRESS: "Nothing is being built at the moment.",
    Status.SHIPPED: "Nothing has shipped yet.",
}
ORDER_WORDS: Final = {
    "priority": "By priority",
    "votes": "Most votes",
    "trending": "Trending",
    "newest": "Newest",
}
IMPACT_WORDS: Final = {
    Decimal("0.25"): "minimal",
    Decimal("0.5"): "low",
    Decimal(1): "medium",
    Decimal(2): "high",
    Decimal(3): "massive",
}
MERGED_MEANWHILE: Final = (
    "The request that you wrote about is now part of this one. Nothing is posted yet: send it here if it fits."
)
MERGED: Final = "This request is merged into another one, so it does not change any more."
NOTICES: Final = {
    "voted": "Thank you, your vote counts.",
    "withdrawn": "Your vote is taken back.",
    "requested": "Your request is on the board, with your vote.",
    "merged": "The request that you asked for is merged into this one, which asks for the same.",
    "followed": "You follow this request.",
    "unfollowed": "You do not follow this request any more.",
    "closed": "This request has been decided, so it takes no more votes.",
    "request-taken-back": "Your request is taken back.",
    "commented": "Your comment is on this page.",
    "held": "Thank you. What you wrote waits for a look of the team; until then only you see it.",
    "edited": "What you wrote is changed.",
    "taken-back": "Your comment is taken back.",
}
"""What the page after a form says; the address names one of these, so no other text can be shown."""
SIZED: Final = (
    "Sized: impact %(impact)s (%(word)s), effort %(effort)s. With a reach of %(reach)s that made a priority of "
    "%(priority)s."
)
UNSIZED: Final = "The sizing was taken back."
MERGED_HERE: Final = "“%(title)s” was merged into this request: %(reason)s"
UNMERGED_HERE: Final = "“%(title)s” is a request of its own again."
BLOCKED_UNTIL: Final = (
    "You cannot post on this board until %(day)s. Nothing of what you wrote was kept; you can still vote."
)
MADE_BY: Final = "%(name)s made this request."
MADE: Final = "A visitor made this request."
MADE_BY_TEAM: Final = "The team put this request on the board."

_ENGLISH: Final = Words(ENGLISH)
day = _ENGLISH.day
count = _ENGLISH.count
stars = _ENGLISH.stars
weeks = _ENGLISH.weeks


def reached(request: Request, words: Words = _ENGLISH) -> str:
    """Return whom a request reaches: `12 people`, `12 people, and 3 visitors who did not sign in`."""
    people = words.count(request.reach, "person", "people")
    if not request.anonymous_reach:
        return people
    visitors = words.count(request.anonymous_reach, "visitor who did not sign in", "visitors who did not sign in")
    return words.say("%(people)s, and %(visitors)s", people=people, visitors=visitors)


def paragraphs(text: str | None) -> list[list[str]]:
    """Return a plain text as paragraphs of lines."""
    blocks = [block.strip().split("\n") for block in (text or "").split("\n\n")]
    return [block for block in blocks if any(block)]


def history_entry(entry: Entry, words: Words = _ENGLISH) -> dict[str, Any]:
    """Return an entry of the log as the history of a request shows it."""
    detail = entry.detail
    shown = {"id": entry.id, "at": entry.at, "status": None, "reason": "", "words": ""}
    match entry.kind:
        case Kind.STATUS_CHANGED:
            return shown | {"status": Status(detail["status"]), "reason": detail["reason"] or ""}
        case Kind.SIZED if detail["impact"] is None:
            return shown | {"words": words.say(UNSIZED)}
        case Kind.SIZED:
            return shown | {"words": _sized(detail, words)}
        case Kind.MERGED_HERE:
            title, reason = isolated(detail["title"]), isolated(detail["reason"])
            return shown | {"words": words.say(MERGED_HERE, title=title, reason=reason)}
        case Kind.UNMERGED_HERE:
            return shown | {"words": words.say(UNMERGED_HERE, title=isolated(detail["title"]))}
        case _:
            return shown | {"words": _made(entry, words)}


def refusal(error: object, words: Words = _ENGLISH) -> str:
    """Return why a form comes back, as a sentence; in the language of the page where the catalogue has it."""
    if isinstance(error, PersonBlockedError) and error.until is not None:
        return words.say(BLOCKED_UNTIL, day=words.day(error.until))
    if isinstance(error, MergedRequestError):
        return words.say(MERGED)
    said = words.language.text(str(error))
    return said if said.endswith(".") else f"{said}."


def field_of(error: object) -> str:
    """Return the field that could not be taken; nothing where it is about something else."""
    return error.field if isinstance(error, InvalidInputError) else ""


def _made(entry: Entry, words: Words) -> str:
    """Return who made a request: somebody by name, a visitor, or over the API somebody whom the board does not know."""
    if name := entry.detail.get("author_name"):
        return words.say(MADE_BY, name=isolated(name))
    return words.say(MADE if entry.actor == PUBLIC else MADE_BY_TEAM)


def _reach(figures: Mapping[str, Any], words: Words) -> str:
    """Return a reach as `37`, or `37 (weighted: 12.5)` where people counted for less."""
    reach, weighted = words.number(figures["reach"]), figures.get("weighted_reach")
    if weighted is None or Decimal(weighted) == figures["reach"]:
        return reach
    return words.say("%(reach)s (weighted: %(weighted)s)", reach=reach, weighted=words.decimal(Decimal(weighted)))


def _sized(detail: Any, words: Words) -> str:
    impact, figures = Decimal(detail["impact"]), detail["figures"]
    return words.say(
        SIZED,
        impact=words.decimal(impact),
        word=words.say(IMPACT_WORDS[impact]),
        effort=words.weeks(Decimal(detail["effort_weeks"])),
        reach=_reach(figures, words),
        priority=words.decimal(Decimal(figures["priority"])),
    )


def helpers(language: Language = ENGLISH) -> dict[str, Any]:
    """Return the functions and tables that templates use."""
    words = Words(language)
    return {
        "Order": Order,
        "Status": Status,
        "status_words": STATUS_WORDS,
        "impact_words": IMPACT_WORDS,
        "all_of": ALL_OF,
        "nothing_in": NOTHING_IN,
        "notices": NOTICES,
        "words": words,
        "day": words.day,
        "count": words.count,
        "reached": partial(reached, words=words),
        "weeks": words.weeks,
        "stars": words.stars,
        "decimal": decimal_text,
        "paragraphs": paragraphs,
        "excerpt": excerpt,
        "refusal": partial(refusal, words=words),
        "field_of": field_of,
    }
