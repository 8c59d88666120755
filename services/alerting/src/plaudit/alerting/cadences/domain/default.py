"""The cadences of a tenant that has set none."""

from datetime import time
from typing import Final

from plaudit.alerting.cadences.domain.rules import (
    AfterEvent,
    BeforeRenewal,
    Cadences,
    Cap,
    Monthly,
    Purpose,
    Rule,
    SinceContact,
    Trigger,
    Weekday,
    Weekly,
)
from plaudit.alerting.calendars.domain.local_times import QuietHours

MORNING: Final = time(9)
INVITE_AFTER_DAYS: Final = 7
REMIND_AFTER_DAYS: Final = 7


def _invitation(event: Trigger, title: str, days: int) -> Rule:
    return Rule(
        id=f"invite-{event.value.replace('_', '-')}",
        title=title,
        purpose=Purpose.INVITATION,
        schedule=AfterEvent(event, (days,)),
        at=time(10),
        reminder_after_days=REMIND_AFTER_DAYS,
    )


DEFAULT: Final = Cadences(
    zone="UTC",
    quiet_hours=QuietHours(time(20), time(8)),
    cap=Cap(most=3, days=7),
    invitation_every_days=90,
    owner=None,
    rules=(
        Rule(
            id="prospect",
            title="Prospect, every week",
            purpose=Purpose.TOUCHPOINT,
            schedule=SinceContact(7),
            at=MORNING,
            stages=("prospect",),
        ),
        Rule(
            id="new-customer",
            title="New customer, days 0, 3, 7 and 30",
            purpose=Purpose.TOUCHPOINT,
            schedule=AfterEvent(Trigger.STAGE_ENTERED, (0, 3, 7, 30)),
            at=MORNING,
            stages=("new",),
        ),
        Rule(
            id="active-customer",
            title="Active customer, every two weeks",
            purpose=Purpose.TOUCHPOINT,
            schedule=SinceContact(14),
            at=MORNING,
            stages=("active",),
        ),
        Rule(
            id="renewal",
            title="Before the renewal, 90, 60 and 30 days",
            purpose=Purpose.TOUCHPOINT,
            schedule=BeforeRenewal((90, 60, 30)),
            at=MORNING,
        ),
        Rule(
            id="lapsed-customer",
            title="Lapsed customer, every month until a response",
            purpose=Purpose.TOUCHPOINT,
            schedule=Monthly(),
            at=MORNING,
            stages=("lapsed",),
            until_response=True,
        ),
        _invitation(Trigger.PURCHASED, "Invite after a purchase", INVITE_AFTER_DAYS),
        _invitation(Trigger.UPGRADED, "Invite after an upgrade", 1),
        _invitation(Trigger.TICKET_CLOSED, "Invite after each closed ticket", 1),
        Rule(
            id="weekly-digest",
            title="The week, Mondays at 09:00",
            purpose=Purpose.DIGEST,
            schedule=Weekly(Weekday.MONDAY),
            at=MORNING,
        ),
    ),
)
"""What each tenant has until it sets its own."""
