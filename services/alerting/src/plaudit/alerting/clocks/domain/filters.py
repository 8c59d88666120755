"""Which clocks a list holds."""

from datetime import datetime
from typing import Final

import msgspec

from plaudit.alerting.people.domain import Owner, Owners


class OwnerRule(msgspec.Struct, frozen=True):
    """Whose something is that has a subject, and a source and a severity where these are named."""

    subject_prefix: str
    sources: tuple[str, ...]
    severities: tuple[str, ...]
    owner: str
    """The address."""


class Ownership(msgspec.Struct, frozen=True):
    """Whose clocks are whose: the first rule that fits says it, else they are the default owner's."""

    default: str
    rules: tuple[OwnerRule, ...] = ()

    @property
    def addresses(self) -> list[str]:
        """Everybody who may own a clock."""
        return sorted({self.default, *(each.owner for each in self.rules)})


class ClockFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of clocks is narrowed by; what is not given narrows nothing."""

    subject: str | None = None
    """Only those of this subject and what is below it."""
    state: str | None = None
    review_id: str | None = None
    metric: str | None = None
    source_id: str | None = None
    severity: str | None = None
    due_after: datetime | None = None
    """Due then or later."""
    due_before: datetime | None = None
    """Due before then."""
    owner: tuple[Ownership, str] | None = None
    """Only those that are this person's, by the address."""


NO_FILTERS: Final = ClockFilters()


def ownership_of(owners: Owners, fallback: Owner) -> Ownership:
    """Return whose clocks are whose, as `Owners.owner` says of each, in the order in which its rules count."""
    rules = [
        OwnerRule(each.subject_prefix, each.sources, each.severities, each.person.address)
        for each in owners.assignments
    ]
    return Ownership(owners.default_owner(fallback).address, tuple(sorted(rules, key=_narrowness, reverse=True)))


def _narrowness(rule: OwnerRule) -> tuple[int, bool, bool]:
    return len(rule.subject_prefix), bool(rule.sources), bool(rule.severities)
