"""The rules that each tenant has without setting any, by the dates on which they come due."""

from datetime import UTC, date, datetime, timedelta

import pytest

from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.person import Told, tell
from plaudit.alerting.cadences.domain.plan import next_digest, plan, reminder_of
from plaudit.alerting.cadences.domain.rules import Purpose
from plaudit_testing.planning import dates_of, happening, person, revision, walk

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = revision(zone="UTC", active_from=MONDAY - timedelta(days=1_000))


def march(*days: int) -> list[date]:
    return [date(2026, 3, day) for day in days]


def by(rule, someone, times):
    only = revision(RULES.by_id[rule], zone="UTC", active_from=RULES.active_from)
    return dates_of(walk(someone, only, MONDAY, times))


def test_a_prospect_is_contacted_every_week():
    someone = person(happening(Told.STAGE_ENTERED, MONDAY, stage="prospect"))
    assert by("prospect", someone, 4) == march(9, 16, 23, 30)


def test_a_new_customer_is_contacted_on_days_0_3_7_and_30_and_then_no_more():
    someone = person(happening(Told.STAGE_ENTERED, MONDAY, stage="new"))
    assert by("new-customer", someone, 9) == [*march(2, 5, 9), date(2026, 4, 1)]


def test_an_active_customer_is_contacted_every_two_weeks():
    someone = person(happening(Told.STAGE_ENTERED, MONDAY, stage="active"))
    assert by("active-customer", someone, 3) == [*march(16, 30), date(2026, 4, 13)]


@pytest.mark.parametrize("stage", ["prospect", "new", "active", None])
def test_a_renewal_is_preceded_by_90_60_and_30_days_in_whatever_stage(stage):
    told = [happening(Told.RENEWAL_SET, MONDAY, renews_at=datetime(2026, 6, 30, 8, tzinfo=UTC))]
    told += [happening(Told.STAGE_ENTERED, MONDAY, stage=stage)] if stage else []
    assert by("renewal", person(*told), 9) == [date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 31)]


@pytest.mark.parametrize("told", [Told.REVIEWED, Told.REPLIED, Told.PURCHASED])
def test_a_lapsed_customer_is_contacted_monthly_until_a_response_of_the_same_person(told):
    entered = datetime(2026, 1, 31, 12, tzinfo=UTC)
    someone = person(happening(Told.STAGE_ENTERED, entered, stage="lapsed"))
    only = revision(RULES.by_id["lapsed-customer"], zone="UTC")
    assert dates_of(walk(someone, only, entered, 3)) == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    before = tell(someone, happening(told, entered - timedelta(hours=1)))
    assert dates_of(walk(before, only, entered, 1)) == [date(2026, 2, 28)]
    pending = plan(someone, only, entered, fired=(), pending=())
    after = tell(someone, happening(told, entered + timedelta(hours=1)))
    assert plan(after, only, entered, fired=(), pending=pending) == []


@pytest.mark.parametrize(
    ("told", "rule", "day"),
    [
        (Told.PURCHASED, "invite-purchased", 9),
        (Told.UPGRADED, "invite-upgraded", 3),
        (Told.TICKET_CLOSED, "invite-ticket-closed", 3),
    ],
)
def test_an_invitation_follows_and_one_reminder_seven_days_after_it(told, rule, day):
    someone = person(happening(told, MONDAY))
    [invitation] = [each for each in plan(someone, RULES, MONDAY, fired=(), pending=()) if each.rule == rule]
    assert invitation.local_date == date(2026, 3, day)
    reminder = reminder_of(RULES.by_id[rule], invitation, RULES, invitation.due_at)
    assert reminder is not None
    assert reminder.local_date == date(2026, 3, day + 7)
    assert reminder_of(RULES.by_id[rule], reminder, RULES, reminder.due_at) is None


def test_the_week_is_told_on_mondays_at_nine():
    [digest] = [each for each in DEFAULT.rules if each.purpose is Purpose.DIGEST]
    found = next_digest(digest, revision(zone="UTC", active_from=MONDAY), None)
    assert found.due_at == datetime(2026, 3, 9, 9, tzinfo=UTC)
