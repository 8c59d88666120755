"""Touchpoints and invitations over time."""

import asyncio

import msgspec
import pytest

from plaudit.alerting.cadences.commands import firing, rules
from plaudit.alerting.cadences.consumer import CUSTOMER_EVENTS, REVIEW_EVENTS
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.jobs.cadence_job import CadenceJob
from plaudit.alerting.main import SERVICE
from plaudit.common.process import Resources
from plaudit_testing.cadences import ANN, on, state

pytestmark = pytest.mark.postgres


async def saves(cadence, **changes):
    async with cadence.stage.worker.transaction() as tx:
        await rules.save(tx, "default", msgspec.structs.replace(DEFAULT, **changes), "person:1")
    while await cadence.replans.turn():
        pass


async def test_a_new_customer_becomes_four_tasks_with_an_owner(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(40))
    found = await cadence.touchpoints(rule="new-customer")
    assert [each[0] for each in found] == ["03-02", "03-05", "03-09", "04-01"]
    [row] = await cadence.stage.rows("SELECT DISTINCT owner, person, subject, purpose FROM touchpoints")
    assert row == {"owner": "owner@acme.example", "person": ANN, "subject": "acme/berlin", "purpose": "touchpoint"}


async def test_a_task_that_nobody_does_delays_the_next_of_its_rule_and_one_that_is_done_does_not(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(5))
    assert await cadence.touchpoints() == [
        ("03-02", "open", None, "first"),
        ("03-05", "withheld", "still_open", "first"),
    ]


async def test_a_contact_begins_the_interval_anew(cadence):
    await cadence.told("stage_entered", on(0), stage="active")
    assert await cadence.pending() == [("active-customer", "03-16")]
    await cadence.told("contacted", on(5), channel="phone")
    assert await cadence.pending() == [("active-customer", "03-21")]


async def test_another_stage_ends_the_plan_and_the_open_task_of_the_one_before(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    await cadence.told("stage_entered", on(1), stage="active")
    assert await cadence.touchpoints() == [("03-02", "ended", "stage_left", "first")]
    assert await cadence.pending() == [("active-customer", "03-17")]


@pytest.mark.parametrize("kind", ["purchased", "replied"])
async def test_a_lapsed_customer_is_contacted_monthly_until_a_response(cadence, kind):
    await cadence.told("stage_entered", on(-30), stage="lapsed", received=on(0))
    assert await cadence.pending() == [("lapsed-customer", "03-31")]
    await cadence.goes_to(on(30))
    assert await cadence.touchpoints(rule="lapsed-customer") == [("03-31", "open", None, "first")]
    await cadence.told(kind, on(31))
    assert ("lapsed-customer", "04-30") not in await cadence.pending()
    assert await cadence.touchpoints(rule="lapsed-customer") == [("03-31", "ended", "responded", "first")]


async def test_a_review_of_the_same_person_is_a_response(cadence):
    await cadence.told("stage_entered", on(-30), stage="lapsed", received=on(0))
    await cadence.reviewed(on(1), person="native:somebody-else")
    assert await cadence.pending() == [("lapsed-customer", "03-31")]
    await cadence.reviewed(on(1))
    assert await cadence.pending() == []


async def test_a_renewal_is_preceded_by_its_days(cadence):
    await cadence.told("renewal_set", on(0), renews_at=on(100))
    assert [day for rule, day in await cadence.pending() if rule == "renewal"] == ["03-12", "04-11", "05-11"]


async def test_an_invitation_follows_a_purchase_and_is_reminded_of_once(cadence):
    await cadence.told("purchased", on(0))
    await cadence.goes_to(on(60))
    assert await cadence.touchpoints() == [("03-09", "open", None, "first"), ("03-16", "open", None, "reminder")]


@pytest.mark.parametrize(
    ("kind", "why"), [("opted_out", "opted_out"), ("replied", "responded"), ("reviewed", "responded")]
)
async def test_no_reminder_after_a_review_an_answer_or_an_opt_out(cadence, kind, why):
    await cadence.told("purchased", on(0))
    await cadence.goes_to(on(8))
    await (cadence.reviewed(on(8)) if kind == "reviewed" else cadence.told(kind, on(8)))
    await cadence.goes_to(on(20))
    found = await cadence.touchpoints()
    assert not [each for each in found if each[3] == "reminder" and each[1] != "withheld"]
    if kind != "replied":
        assert ("03-09", "ended", why, "first") in found


async def test_what_a_customer_said_last_before_something_comes_due_decides_whether_they_hear_of_it(cadence):
    await cadence.told("opted_out", on(0), channel="sms")
    await cadence.told("purchased", on(0))
    await cadence.told("opted_out", on(1))
    await cadence.told("ticket_closed", on(2))
    assert await cadence.pending() == [("invite-ticket-closed", "03-05"), ("invite-purchased", "03-09")]
    await cadence.goes_to(on(3, 4))
    assert await cadence.touchpoints() == [("03-05", "withheld", "opted_out", "first")]
    granted = cadence.customer("consent_set", on(4), consent="granted", said_at=on(4))
    await cadence.reads(CUSTOMER_EVENTS, [granted])
    await cadence.goes_to(on(8))
    assert await cadence.touchpoints() == [
        ("03-05", "withheld", "opted_out", "first"),
        ("03-09", "open", None, "first"),
    ]


async def test_a_customer_is_invited_once_in_ninety_days_whatever_happens(cadence):
    await cadence.told("purchased", on(0))
    await cadence.told("ticket_closed", on(20))
    await cadence.told("upgraded", on(96))
    await cadence.goes_to(on(100))
    firsts = [each[:3] for each in await cadence.touchpoints() if each[3] == "first"]
    assert firsts == [("03-09", "open", None), ("03-23", "withheld", "invited_lately"), ("06-07", "open", None)]


async def test_a_customer_with_a_review_after_the_purchase_is_not_invited(cadence):
    await cadence.told("purchased", on(0))
    await cadence.reviewed(on(2), rating=1.0)
    await cadence.goes_to(on(8))
    assert await cadence.touchpoints() == [("03-09", "withheld", "responded", "first")]


async def test_a_customer_is_contacted_no_more_often_than_the_cap_allows(cadence):
    await saves(cadence, cap=msgspec.structs.replace(DEFAULT.cap, most=1, days=7))
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.told("ticket_closed", on(0))
    await cadence.goes_to(on(2))
    assert await cadence.touchpoints() == [
        ("03-02", "open", None, "first"),
        ("03-03", "withheld", "frequency_cap", "first"),
    ]


async def test_what_comes_due_in_quiet_hours_is_moved_and_not_lost(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.wakes_at(on(0, 14))  # 21:00
    assert await cadence.touchpoints() == []
    [row] = await cadence.stage.rows(
        "SELECT due_at FROM occurrences WHERE rule = 'new-customer' ORDER BY due_at LIMIT 1"
    )
    assert row["due_at"] == on(1, 1)
    await cadence.goes_to(on(1, 2))
    assert await cadence.touchpoints() == [("03-02", "open", None, "first")]


async def test_after_weeks_of_standstill_one_contact_is_due_and_the_plan_goes_on(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.wakes_at(on(20, 3))
    assert await cadence.touchpoints(rule="new-customer") == [
        ("03-02", "withheld", "collapsed", "first"),
        ("03-05", "withheld", "collapsed", "first"),
        ("03-09", "open", None, "first"),
    ]
    assert await cadence.pending() == [("new-customer", "04-01")]


async def test_a_replay_of_years_of_history_calls_nobody(cadence):
    records = [
        cadence.customer(kind, on(-1500 + number), person=f"native:c-{number}", received=on(0), **more)
        for number in range(20)
        for kind, more in (("purchased", {}), ("ticket_closed", {}), ("stage_entered", {"stage": "new"}))
    ]
    await cadence.reads(CUSTOMER_EVENTS, records)
    await cadence.goes_to(on(3))
    assert await cadence.touchpoints() == []
    assert await cadence.pending() == []


async def test_events_that_were_told_before_the_rules_were_there_call_nobody(cadence):
    await cadence.told("purchased", on(-19))  # a topic is read from its beginning
    await cadence.told("stage_entered", on(-19), stage="new")
    assert await cadence.pending() == [("new-customer", "03-13")]


async def test_what_is_told_again_or_in_another_order_leads_to_the_same(cadence):
    told = [
        cadence.customer("purchased", on(0)),
        cadence.customer("stage_entered", on(0.1), stage="new"),
        cadence.customer("stage_entered", on(0.2), stage="active"),
        cadence.customer("contacted", on(0.3)),
    ]
    await cadence.reads(CUSTOMER_EVENTS, told)
    planned = await cadence.pending()
    for batch in (told[::-1], told[:2], told):
        await cadence.reads(CUSTOMER_EVENTS, batch)
        assert await cadence.pending() == planned
    await cadence.goes_to(on(16))
    fired = await cadence.touchpoints()
    await cadence.reads(CUSTOMER_EVENTS, told)
    await cadence.goes_to(on(16, 1))
    assert await cadence.touchpoints() == fired


async def test_two_processes_fire_each_occurrence_once(cadence):
    for number in range(40):
        await cadence.told("stage_entered", on(0), person=f"native:c-{number}", stage="new")
    other = Resources(cadence.stage.settings, SERVICE.name)
    await cadence.stage.move_to(on(0, 3))
    jobs = (cadence.job, CadenceJob(other))
    for _ in range(5):
        await asyncio.gather(*(job.turn() for job in jobs))
    await other.close()
    [row] = await cadence.stage.rows("SELECT count(*) AS n, count(DISTINCT person) AS persons FROM touchpoints")
    assert (row["n"], row["persons"]) == (40, 40)


async def test_what_cannot_fire_is_set_aside_and_delays_nobody_else(cadence, monkeypatch):
    decide = firing.decide

    def failing(rule, occurrence, person, *rest):
        if person.person == "native:bad":
            raise ValueError("no such rule: \0")
        return decide(rule, occurrence, person, *rest)

    monkeypatch.setattr(firing, "decide", failing)
    for person in ("native:good", "native:bad"):
        await cadence.told("stage_entered", on(0), person=person, stage="new")
    await cadence.wakes_at(on(0, 3))
    assert [row["person"] for row in await cadence.stage.rows("SELECT person FROM touchpoints")] == ["native:good"]
    [failed] = await cadence.stage.rows("SELECT person, error FROM occurrences WHERE failed_at IS NOT NULL")
    assert failed == {"person": "native:bad", "error": "ValueError: no such rule: ␀"}


async def test_new_rules_move_what_is_planned(cadence):
    await cadence.told("stage_entered", on(0), stage="active")
    await saves(cadence, zone="Asia/Kathmandu")
    [row] = await cadence.stage.rows("SELECT due_at, revision FROM occurrences WHERE person <> ''")
    assert (row["due_at"], row["revision"]) == (on(14, -3.75), 2)
    await saves(cadence, rules=())
    assert await cadence.pending() == []


async def test_of_an_erased_person_nothing_is_left_and_nothing_comes_back(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    await cadence.told("erased", on(2))
    for table in ("cadence_persons", "touchpoints"):
        assert await cadence.stage.rows(f"SELECT * FROM {table}") == []
    assert await cadence.pending() == []
    await cadence.told("purchased", on(1))
    await cadence.reads(REVIEW_EVENTS, [cadence.review(state(on(1)), on(3))])
    assert await cadence.stage.rows("SELECT * FROM cadence_persons") == []
    await cadence.told("purchased", on(3))
    assert await cadence.pending() == [("invite-purchased", "03-12")]
