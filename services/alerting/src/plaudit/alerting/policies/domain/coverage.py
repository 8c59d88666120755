"""What is seen and caught by nobody: reviews without a class that sets a first answer, or without an owner."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from plaudit.alerting.policies.domain.conditions import Condition, Facts
from plaudit.alerting.policies.domain.metrics import METRICS, REVIEW_SEVERITIES, Metric
from plaudit.alerting.policies.domain.revisions import PolicyRevision

SEEN_WITHIN: Final = timedelta(days=90)
MAX_GAPS: Final = 500
MAX_GROUPS: Final = 100_000
"""Kinds of reviews that are told apart, those with the most reviews first."""
_OF_CONDITIONS: Final = {"persona": "personas", "topic": "topics"}
"""Part of a condition → what it looks at, where the name differs."""

OwnerOf = Callable[[Facts], str | None]
"""Who owns what has these facts; none for nobody."""


class Seen(NamedTuple):
    """Reviews that conditions cannot tell apart."""

    facts: Facts
    source_name: str
    reviews: int
    last_published_at: datetime


class Gap(msgspec.Struct, kw_only=True):
    """A subject, source and severity that somebody should look at."""

    subject: str
    source_id: str
    source_name: str
    severity: str
    reviews: int = 0
    """Of these all."""
    without_class: int = 0
    """Of these, those that no class is for."""
    without_owner: int = 0
    last_published_at: datetime


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen, and what of it is caught by nobody."""

    since: datetime
    seen: int
    """Combinations of subject, source and severity."""
    reviews: int
    is_cut: bool
    """Whether there were more kinds of reviews than are told apart."""
    gaps: tuple[Gap, ...]
    """The severest first, and of these those with the most reviews."""
    gaps_left_out: int


def fields_looked_at(revision: PolicyRevision) -> frozenset[str]:
    """Return what the conditions for a first answer look at, by the names of facts; the kind always."""
    conditions = [each.when for each in revision.classes if each.metric is Metric.FIRST_ANSWER]
    empty = Condition()
    parts = {
        name
        for when in conditions
        for name in Condition.__struct_fields__
        if getattr(when, name) != getattr(empty, name)
    }
    return frozenset({_OF_CONDITIONS.get(name, name) for name in parts} | {"kind"})


def coverage(
    revision: PolicyRevision, seen: Iterable[Seen], owner_of: OwnerOf, since: datetime, *, is_cut: bool = False
) -> Coverage:
    """Return what is seen and caught by nobody. Answers to surveys are left out: nobody can answer them in public."""
    found: dict[tuple[str, str, str], Gap] = {}
    kinds = METRICS[Metric.FIRST_ANSWER].kinds
    for each in seen:
        facts = each.facts
        if facts.kind not in kinds:
            continue
        key = facts.subject, facts.source or "", facts.severity
        gap = found.setdefault(key, _empty(key, each))
        gap.reviews += each.reviews
        gap.last_published_at = max(gap.last_published_at, each.last_published_at)
        if revision.matching(Metric.FIRST_ANSWER, facts) is None:
            gap.without_class += each.reviews
        if owner_of(facts) is None:
            gap.without_owner += each.reviews
    gaps = sorted((gap for gap in found.values() if gap.without_class or gap.without_owner), key=_worst_first)
    return Coverage(
        since=since,
        seen=len(found),
        reviews=sum(gap.reviews for gap in found.values()),
        is_cut=is_cut,
        gaps=tuple(gaps[:MAX_GAPS]),
        gaps_left_out=max(len(gaps) - MAX_GAPS, 0),
    )


def _empty(key: tuple[str, str, str], seen: Seen) -> Gap:
    subject, source_id, severity = key
    return Gap(
        subject=subject,
        source_id=source_id,
        source_name=seen.source_name,
        severity=severity,
        last_published_at=seen.last_published_at,
    )


def _worst_first(gap: Gap) -> tuple[int, int, str, str]:
    known = [str(each) for each in REVIEW_SEVERITIES]
    severity = known.index(gap.severity) if gap.severity in known else -1
    return (-severity, -gap.reviews, gap.subject, gap.source_id)
