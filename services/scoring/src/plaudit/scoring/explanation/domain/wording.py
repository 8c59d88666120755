"""What became of reviews, in words."""

from collections.abc import Sequence
from typing import Final

from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.numerals import counted, noun_of
from plaudit.scoring.explanation.domain.window import Stars
from plaudit.scoring.history.domain import Happened

_WHOLE: Final = {
    Happened.NEW: "{number} new {stars}-star {reviews}",
    Happened.LATE: "{number} older {stars}-star {reviews} that came late",
    Happened.REMOVED: "{number} {stars}-star {reviews} removed",
    Happened.RESTORED: "{number} {stars}-star {reviews} restored",
    Happened.MOVED_IN: "{number} {stars}-star {reviews} moved here",
    Happened.MOVED_OUT: "{number} {stars}-star {reviews} moved elsewhere",
    Happened.ERASED: "{number} {stars}-star {reviews} erased at the person's request",
}


UNSORTED: Final = "not_sorted"
"""Of reviews whose topics were never kept, or are erased."""
TOPIC_WORDS: Final = {
    **TOPIC_TITLES,
    "other": "Other topics",
    "none": "No topic",
    UNSORTED: "Not sorted",
}


def topic_in_words(topic: str, changes: int) -> str:
    """Return a part by topic, such as `Delivery: 4 changes`."""
    return f"{TOPIC_WORDS[topic]}: {counted(changes, 'change')}"


def in_words(stars: Stars, changes: int) -> str:
    """Return a part of an explanation, such as `4 new 5-star reviews`."""
    reviews = noun_of(changes, "review")
    form = _WHOLE.get(stars.happened) or _edited(stars, noun_of(changes, "counts", "count"))
    return form.format(number=f"{changes:,}", stars=stars.after or stars.before, reviews=reviews)


def _edited(stars: Stars, count: str) -> str:
    if stars.after is None:
        return f"{{number}} {{stars}}-star {{reviews}} that {count} no more"
    if stars.before is None:
        return f"{{number}} {{stars}}-star {{reviews}} that {count} since an edit"
    if stars.before == stars.after:
        return "{number} {stars}-star {reviews} edited"
    verb = "raised" if stars.after > stars.before else "lowered"
    return f"{{number}} {{reviews}} {verb} from {stars.before} ★ to {stars.after} ★"


def became(happened: Sequence[Happened], before: int | None, after: int | None) -> str:
    """Return what became of one review, such as `new: 5 ★` or `edited, then removed: 2 ★ before`."""
    words = ", then ".join(each.name.lower().replace("_", " ") for each in happened)
    if before is None and after is None:
        return words
    if before is None:
        return f"{words}: {after} ★"
    if after is None:
        return f"{words}: {before} ★ before"
    return f"{words}: {before} ★ → {after} ★" if before != after else f"{words}: {after} ★"
