"""A policy in words, and what two revisions differ in."""

from collections.abc import Sequence
from typing import Final

import msgspec

from plaudit.alerting.calendars.domain import ALWAYS_NAME
from plaudit.alerting.policies.domain.conditions import MAX_STARS, Condition, Stars
from plaudit.alerting.policies.domain.document import length_in_words
from plaudit.alerting.policies.domain.metrics import METRICS
from plaudit.alerting.policies.domain.revisions import Class, PolicyRevision
from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES

_LISTS: Final = (
    ("severity", "severity {}"),
    ("kind", "kind {}"),
    ("subject", "{} and below"),
    ("source", "source {}"),
    ("platform", "from {}"),
    ("persona", "by {}"),
    ("topic", "about {}"),
    ("language", "in {}"),
    ("origin", "{}"),
)


class ClassInWords(msgspec.Struct, frozen=True, kw_only=True):
    """A class as a row of a table."""

    name: str
    metric: str
    whom: str
    """What it is for."""
    due: str
    warnings: str
    grace: str
    notice: str


def class_in_words(each: Class) -> ClassInWords:
    """Return a class in words."""
    due = length_in_words(each.target_seconds)
    hours = "around the clock" if each.calendar == ALWAYS_NAME else f"of the hours of {each.calendar}"
    warnings = [
        *(f"{percent} %" for percent in each.warn_percent),
        *(length_in_words(seconds) for seconds in each.warn_seconds),
    ]
    notice = each.notify_within_seconds
    return ClassInWords(
        name=each.name,
        metric=METRICS[each.metric].title,
        whom=condition_in_words(each.when),
        due=f"{due} {hours}",
        warnings=", ".join(warnings) or "none",
        grace=length_in_words(each.grace_seconds) if each.grace_seconds else "none",
        notice="none" if notice is None else f"within {length_in_words(notice)}",
    )


def condition_in_words(when: Condition) -> str:
    """Return a condition in words; `all` where it admits everything."""
    parts = [] if when.rating is None else [_stars_in_words(when.rating)]
    for name, words in _LISTS:
        values = [_title(name, value) for value in getattr(when, name)]
        if values:
            parts.append(words.format(_either(values)))
    if when.verified is not None:
        parts.append("verified" if when.verified else "not verified")
    return ", ".join(parts) or "all"


def changes(before: PolicyRevision, after: PolicyRevision) -> list[str]:
    """Return what one revision differs in from another, a sentence for each difference."""
    olds = {each.name: class_in_words(each) for each in before.classes}
    news = {each.name: class_in_words(each) for each in after.classes}
    found = [f"The title is “{after.title}”, and was “{before.title}”."] if after.title != before.title else []
    found += [f"{name} is gone ({olds[name].metric}, {olds[name].whom})." for name in olds if name not in news]
    for name, new in news.items():
        old = olds.get(name)
        if old is None:
            found.append(f"{name} is new: {new.metric} for {new.whom}, due within {new.due}.")
        else:
            found += _differences(old, new)
    kept = [name for name in olds if name in news]
    if kept != [name for name in news if name in olds]:
        found.append(f"The order is {', '.join(news)}.")
    return found


def _differences(old: ClassInWords, new: ClassInWords) -> list[str]:
    labels = {
        "metric": "is for",
        "whom": "applies to",
        "due": "is due within",
        "warnings": "warns at",
        "grace": "has the grace",
        "notice": "has the notice",
    }
    return [
        f"{new.name} {words} {getattr(new, field)}, and was {getattr(old, field)}."
        for field, words in labels.items()
        if getattr(new, field) != getattr(old, field)
    ]


def _stars_in_words(rating: Stars) -> str:
    if rating.first == rating.last:
        return f"{rating.first} star{'s' if rating.first > 1 else ''}"
    return f"{rating.first}–{min(rating.last, MAX_STARS)} stars"


def _title(name: str, value: str) -> str:
    titles = {"persona": PERSONA_TITLES, "topic": TOPIC_TITLES}.get(name)
    return value.replace("_", " ") if titles is None else titles.get(value, value)


def _either(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
