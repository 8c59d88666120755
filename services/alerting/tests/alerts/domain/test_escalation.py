"""What becomes of an alert: acknowledged, reminded of, assigned; and whose steps still count."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from plaudit.alerting.alerts.domain import Alert, AlertResolvedError, AlertState
from plaudit.alerting.alerts.domain.escalation import acknowledged, assigned, fired, reminder_of, steps_of
from plaudit.alerting.alerts.domain.notes import CHANGED, LOOKED_AT, RESOLVED, Note, NoteKind, why_withheld
from plaudit.alerting.people.domain import ChainStep, Escalation, Owner, Repeat, Team, chain_of
from plaudit_testing.clocks import at

ADA, BEN = Owner("ada@acme.example", "Ada"), Owner("ben@acme.example", "Ben")
TEAM = Team("all", (ADA, BEN))
CHAIN = chain_of(ADA, Escalation("usual", (ChainStep(1800, TEAM), ChainStep(7200, TEAM), ChainStep(9000))))


def alert(**fields):
    values = {
        "tenant_id": "default",
        "id": UUID(int=1),
        "clock_id": UUID(int=2),
        "review_id": "review-1",
        "subject": "acme",
        "kind": "sla_breach",
        "severity": "high",
        "summary": "A review not answered in time",
        "owner": ADA.address,
        "raised_at": at(0),
    }
    return Alert(**{**values, **fields})


def test_the_steps_after_the_owner_are_to_come():
    steps = steps_of(alert(), CHAIN, at(0))
    assert [(step.number, step.due_at, step.told) for step in steps] == [
        (1, at(0.5), TEAM),
        (2, at(2), TEAM),
        (3, at(2.5), ADA),
    ]


def test_each_step_knows_its_place_and_its_repetition():
    chain = chain_of(ADA, Escalation("usual", (ChainStep(1800, TEAM),), Repeat(3600, 2)))
    steps = steps_of(alert(), chain, at(0))
    assert [(step.place, step.repetition) for step in steps] == [(1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
    assert len({step.number for step in steps}) == len(steps)


@pytest.mark.parametrize(
    ("fields", "hours"), [({}, 4), ({"review_severity": "drastic"}, 1), ({"is_statutory": True}, 1)]
)
def test_the_reminder_comes_sooner_where_it_is_urgent(fields, hours):
    after = acknowledged(alert(**fields), "person:1", at(1))
    assert after.remind_at == at(1 + hours)
    assert (after.state, after.acknowledged_by, after.generation) == (AlertState.ACKNOWLEDGED, "person:1", 2)


def test_the_reminder_comes_when_it_was_asked_for():
    assert acknowledged(alert(), "person:1", at(1), 600).remind_at == at(1) + timedelta(minutes=10)


def test_acknowledging_again_changes_nothing():
    first = acknowledged(alert(), "person:1", at(1))
    assert acknowledged(first, "person:2", at(2)) is first


def test_a_resolved_alert_is_neither_acknowledged_nor_assigned():
    resolved = alert(state=AlertState.RESOLVED)
    with pytest.raises(AlertResolvedError):
        acknowledged(resolved, "person:1", at(1))
    with pytest.raises(AlertResolvedError):
        assigned(resolved, BEN)


def test_a_step_of_an_earlier_generation_tells_nobody():
    before = alert()
    steps = steps_of(before, CHAIN, at(0))
    after, telling = fired(assigned(before, BEN), steps)
    assert telling == []
    assert after.owner == BEN.address


def test_late_steps_for_one_target_are_told_once():
    _, telling = fired(alert(), steps_of(alert(), CHAIN, at(0)))
    assert [step.number for step in telling] == [2, 3]


def test_a_reminder_opens_the_alert_again():
    acknowledged_one = acknowledged(alert(), "person:1", at(1))
    after, telling = fired(acknowledged_one, [reminder_of(acknowledged_one, ADA)])
    assert [step.kind for step in telling] == ["remind"]
    assert (after.state, after.acknowledged_by, after.remind_at, after.generation) == (AlertState.OPEN, None, None, 3)


def test_no_step_tells_of_what_is_acknowledged_or_resolved():
    acknowledged_one = acknowledged(alert(), "person:1", at(1))
    assert fired(acknowledged_one, steps_of(acknowledged_one, CHAIN, at(0)))[1] == []
    resolved = alert(state=AlertState.RESOLVED)
    assert fired(resolved, steps_of(resolved, CHAIN, at(0)))[1] == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (alert(), ""),
        (acknowledged(alert(), "person:1", at(1)), LOOKED_AT),
        (assigned(alert(), BEN), CHANGED),
        (alert(state=AlertState.RESOLVED), RESOLVED),
    ],
)
def test_what_was_queued_before_a_change_does_not_leave_after_it(changed, reason):
    note = Note(UUID(int=1), 1, NoteKind.ESCALATED, 1, "why")
    assert why_withheld(note, changed) == reason


def test_that_it_is_resolved_is_told_all_the_same():
    note = Note(UUID(int=1), 1, NoteKind.RESOLVED, 0, "why")
    assert why_withheld(note, alert(state=AlertState.RESOLVED)) == ""
    assert why_withheld(note, None) != ""


def test_the_thread_is_that_of_the_clock_or_of_the_review():
    assert alert().thread == f"clock:{UUID(int=2)}"
    assert msgspec.structs.replace(alert(), clock_id=None).thread == "review:review-1"
