"""From what is written to a revision, whose classes are known to fit together and to the calendars that there are."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from plaudit.alerting.calendars.domain import Calendar, longest_wait
from plaudit.alerting.policies.domain.conditions import Condition, Stars
from plaudit.alerting.policies.domain.document import (
    ClassIn,
    DocumentError,
    Format,
    Length,
    PolicyIn,
    WhenIn,
    WrongPolicyError,
    located,
    read,
    unknown,
)
from plaudit.alerting.policies.domain.order import mistakes_of_order
from plaudit.alerting.policies.domain.revisions import Class, PolicyRef, PolicyRevision

LOOKED_AHEAD: Final = timedelta(days=400)
"""The worst case of a calendar is looked for among all starts in this time: a year and the holidays around its ends."""


def compiled(
    text: str, written: Format, *, policy_id: str, number: int, calendars: Mapping[str, Calendar], now: datetime
) -> PolicyRevision:
    """Return the revision that a document describes, with all of its rules checked.

    Args:
        text: the document.
        written: how it is written.
        policy_id: of the policy.
        number: of the revision.
        calendars: name → calendar in force, of those that the tenant has.
        now: from when on the worst case of each class is looked for.

    Raises:
        WrongPolicyError: it is no policy; its errors say all that is wrong.
    """
    policy, lines = read(text, written)
    revision = revision_of(policy, policy_id, number)
    errors = mistakes_with_calendars(revision, calendars, now)
    if errors:
        raise WrongPolicyError(located(errors, lines))
    return revision


def revision_of(policy: PolicyIn, policy_id: str, number: int) -> PolicyRevision:
    """Return the revision of what was written, which was read before."""
    return PolicyRevision(
        id=policy_id,
        number=number,
        title=policy.title,
        classes=tuple(_class(each, PolicyRef(policy_id, number, each.name)) for each in policy.classes),
    )


def mistakes_with_calendars(
    revision: PolicyRevision, calendars: Mapping[str, Calendar], now: datetime
) -> list[DocumentError]:
    """Return what is wrong with the classes together, and with the calendars that they name; as `compiled`."""
    unknown_ones = [
        DocumentError(
            pointer=f"/classes/{place}/calendar",
            code="unknown_calendar",
            detail=unknown("calendar", each.calendar, sorted(calendars)),
        )
        for place, each in enumerate(revision.classes)
        if each.calendar not in calendars
    ]
    waits: dict[tuple[str, int], timedelta] = {}

    def worst(calendar: str, seconds: int) -> timedelta:
        if (calendar, seconds) not in waits:
            waits[calendar, seconds] = longest_wait(calendars[calendar], seconds, now, now + LOOKED_AHEAD)
        return waits[calendar, seconds]

    return unknown_ones or mistakes_of_order(revision.classes, worst)


def _class(written: ClassIn, ref: PolicyRef) -> Class:
    return Class(
        ref=ref,
        metric=written.metric,
        when=_condition(written.when),
        target_seconds=written.due_within.seconds,
        calendar=written.calendar,
        warn_percent=tuple(sorted(each for each in written.warn_at if not isinstance(each, Length))),
        warn_seconds=tuple(sorted(each.seconds for each in written.warn_at if isinstance(each, Length))),
        grace_seconds=0 if written.grace is None else written.grace.seconds,
        notify_within_seconds=None if written.notify_within is None else written.notify_within.seconds,
    )


def _condition(written: WhenIn) -> Condition:
    lists = ("severity", "kind", "source", "platform", "subject", "persona", "topic", "language", "origin")
    return Condition(
        rating=None if written.rating is None else Stars(written.rating.first, written.rating.last),
        verified=written.verified,
        **{name: tuple(getattr(written, name) or ()) for name in lists},
    )
