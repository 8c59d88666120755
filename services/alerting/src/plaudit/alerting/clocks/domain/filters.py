"""Which clocks a list holds."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec


class Reach(NamedTuple):
    """The subjects of an owner: a prefix with all below it, but for what is below and others own."""

    prefix: str | None
    """None: every subject."""
    without: tuple[str, ...] = ()


class ClockFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of clocks is narrowed by; what is not given narrows nothing."""

    subject: str | None = None
    """Only those of this subject and what is below it."""
    state: str | None = None
    review_id: str | None = None
    metric: str | None = None
    source_id: str | None = None
    severity: str | None = None
    """Of the review, as it was told last."""
    due_after: datetime | None = None
    """Due then or later."""
    due_before: datetime | None = None
    """Due before then."""
    reaches: tuple[Reach, ...] | None = None
    """Only those of subjects that an owner has; None: of every owner."""


NO_FILTERS = ClockFilters()


def reaches_of(owned: Iterable[tuple[str, str]], default: str, owner: str) -> tuple[Reach, ...]:
    """Return the subjects that an owner has, where the longest prefix of a subject says whose it is.

    Args:
        owned: (prefix, owner) of each rule.
        default: who owns what no prefix covers.
        owner: whose reach is asked for.
    """
    owners = dict(owned)
    reaches = [
        Reach(prefix, _others_below(prefix, owners, owner)) for prefix in sorted(owners) if owners[prefix] == owner
    ]
    if owner == default:
        reaches.append(Reach(None, tuple(sorted(prefix for prefix, each in owners.items() if each != owner))))
    return tuple(reaches)


def _others_below(prefix: str, owners: dict[str, str], owner: str) -> tuple[str, ...]:
    return tuple(sorted(each for each, of in owners.items() if each.startswith(f"{prefix}/") and of != owner))
