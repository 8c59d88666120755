from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest

from plaudit.alerting.cadences.domain.decide import FIRE, History, Move, Why, Withhold, decide
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.person import Person
from plaudit.alerting.cadences.domain.plan import Occurrence, Step
from plaudit.alerting.cadences.domain.rules import Revision

ANCHOR = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
REVISION = Revision(tenant_id="default", number=1, cadences=DEFAULT, active_from=ANCHOR, saved_by="built in")
NO_HISTORY = History()
BUYER = Person(
    tenant_id="default", person="p:1", subject="acme", subject_at=ANCHOR, purchased_at=ANCHOR, received_at=ANCHOR
)


def decided(rule_id, *, now=NOW, history=NO_HISTORY, step=Step.FIRST, anchor_at=ANCHOR, **more):
    occurrence = Occurrence("default", "p:1", rule_id, step, date(2026, 3, 9), 1, 1, anchor_at, now)
    someone = msgspec.structs.replace(BUYER, **more)
    return decide(REVISION.by_id[rule_id], occurrence, someone, REVISION, history, now)


def test_an_invitation_asks_every_customer():
    assert decided("invite-purchased") == FIRE


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"reviewed_at": ANCHOR + timedelta(days=1)}, Why.RESPONDED),
        ({"wants_nothing": True}, Why.OPTED_OUT),
        ({"history": History(invited_at=NOW - timedelta(days=89))}, Why.INVITED_LATELY),
        ({"history": History(contacts=3)}, Why.FREQUENCY_CAP),
    ],
)
def test_an_invitation_is_withheld_for_a_reason(more, why):
    assert decided("invite-purchased", **more) == Withhold(why)


def test_after_ninety_days_a_customer_may_be_invited_again():
    assert decided("invite-purchased", history=History(invited_at=NOW - timedelta(days=90))) == FIRE


def test_a_review_of_before_the_purchase_withholds_nothing():
    assert decided("invite-purchased", reviewed_at=ANCHOR - timedelta(days=1)) == FIRE


@pytest.mark.parametrize("answer", ["reviewed_at", "replied_at"])
def test_a_reminder_comes_unless_the_customer_has_answered(answer):
    reminded = {"step": Step.REMINDER, "history": History(invited_at=NOW - timedelta(days=7))}
    assert decided("invite-purchased", **reminded) == FIRE
    assert decided("invite-purchased", **reminded, **{answer: ANCHOR}) == Withhold(Why.RESPONDED)


def test_a_customer_in_another_stage_is_not_contacted():
    assert decided("lapsed-customer", stage="lapsed", stage_at=ANCHOR, purchased_at=None) == FIRE
    assert decided("lapsed-customer", stage="active", stage_at=ANCHOR) == Withhold(Why.STAGE_LEFT)
    assert decided("lapsed-customer", stage="lapsed", stage_at=ANCHOR) == Withhold(Why.RESPONDED)


def test_a_rule_waits_for_its_touchpoint_before():
    more = {"stage": "active", "history": History(is_open=True)}
    assert decided("active-customer", **more) == Withhold(Why.STILL_OPEN)


def test_quiet_hours_move_it_and_limits_count_when_it_is_allowed():
    night = datetime.combine(date(2026, 3, 9), time(22), UTC)
    morning = datetime.combine(date(2026, 3, 10), time(8), UTC)
    assert decided("invite-purchased", now=night, history=History(contacts=99)) == Move(morning)
    assert decided("invite-purchased", now=night, wants_nothing=True) == Withhold(Why.OPTED_OUT)
