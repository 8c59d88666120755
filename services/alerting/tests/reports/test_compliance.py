"""How much was in time, counted where the clocks are."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plaudit.alerting.clocks.domain.filters import OwnerRule, Ownership
from plaudit.alerting.desk import store as desk
from plaudit.alerting.reports.domain.asked import Asked, Dimension, TimeKind, Window
from plaudit.alerting.reports.domain.compliance import Compliance, together
from plaudit.alerting.reports.store.clocks import compliance_of
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.contracts import Answers, SourceRef
from plaudit.common.db import Role
from plaudit_testing.clocks import SOURCE_CREATED, answered, at, drastic, review

COUNTS = st.builds(Compliance, *[st.integers(0, 10**6)] * len(Compliance._fields))
OWNER = "owner@acme.example"
NOBODY_NAMED = Ownership(OWNER)


def test_what_is_open_past_its_due_time_pulls_the_share_down_and_what_nobody_knows_does_not():
    found = Compliance(in_time=6, late=1, open_past_due=1, not_yet_due=50, paused=3, unknown=40, cancelled=9)
    assert (found.share, found.counted, found.all) == (0.75, 8, 110)
    assert found.interval == pytest.approx((0.4093, 0.9285), abs=1e-4)


def test_nothing_is_said_of_nothing():
    assert (Compliance(unknown=3).share, Compliance(unknown=3).interval) == (None, None)


@given(st.lists(COUNTS, min_size=1, max_size=5))
def test_groups_together_are_all_clocks(found):
    assert together(found).counted == sum(each.counted for each in found)
    assert together(found).all == sum(each.all for each in found)


def asked(*by, **more):
    return Asked(window=Window(at(-1000), at(1000)), by=by, **more)


async def told(stage, of, whose=NOBODY_NAMED):
    async with stage.worker.transaction() as tx:
        return await compliance_of(tx, "default", of, whose)


async def one_of_each(stage):
    """In time, late, open past due, not due, paused, cancelled, unknown, and an answer that was recorded."""
    await stage.happens(None, review(), at(0), review_id="in-time")
    await stage.happens(None, review(), at(0), review_id="late")
    await stage.happens(None, review(), at(0), review_id="open")
    await stage.happens(None, review(), at(0), review_id="removed")
    await stage.happens(None, review(), at(0), review_id="unknown", answers=Answers.UNTOLD)
    await stage.happens(review(), answered(review(), at(24)), at(24), review_id="in-time")
    await stage.happens(review(), None, at(3), review_id="removed")
    await stage.move_to(at(25))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(26)), at(26), review_id="late")
    fresh = review(published_at=at(20), rated_at=at(20), received_at=at(20))
    await stage.happens(None, fresh, at(20), review_id="fresh")


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_each_clock_counts_once_by_how_it_stands(stage):
    await one_of_each(stage)
    report = await told(stage, asked())
    assert report.all == Compliance(in_time=1, late=1, open_past_due=1, not_yet_due=1, unknown=1, cancelled=1)
    assert report.groups == ()


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_a_clock_whose_breach_is_not_decided_yet_is_open_past_its_due_time(stage):
    await stage.happens(None, review(), at(0))
    await stage.happens(None, review(), at(0), review_id="untold", answers=Answers.UNTOLD)
    await stage.move_to(at(24.5))
    assert (await told(stage, asked())).all == Compliance(open_past_due=1, unknown=1)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_groups_add_up_to_all_whatever_they_are_told_by(stage):
    await one_of_each(stage)
    shop = SourceRef(
        id="01956d00-0000-7000-8000-000000000002", name="Other", platform="native", created_at=SOURCE_CREATED
    )
    await stage.happens(None, review(3.0, source=shop, subject="globex"), at(0), review_id="globex")
    async with stage.worker.transaction() as tx:
        await keep_reviews(tx, [stage.record(None, review(), at(0), "late", revision=1)])
    for by in Dimension:
        report = await told(stage, asked(by))
        assert together(group.figures for group in report.groups) == report.all, by
        assert report.all.all == 7, by
    two = await told(stage, asked(Dimension.SUBJECT, Dimension.MONTH))
    assert {group.key.values: group.figures.all for group in two.groups} == {
        ("acme", "2026-03-01"): 6,
        ("globex", "2026-03-01"): 1,
    }
    by_source = await told(stage, asked(Dimension.SOURCE))
    assert [group.key.names for group in by_source.groups] == [("Acme shop",), ("Other",)]
    by_severity = await told(stage, asked(Dimension.SEVERITY))
    assert {group.key.values: group.figures.all for group in by_severity.groups} == {("negative",): 6, ("normal",): 1}
    assert [group.key.values for group in (await told(stage, asked(Dimension.OWNER))).groups] == [(OWNER,)]


PLACES = ("acme", "acme/berlin", "acme-2", "acme/hamburg")
SHOPS = ("01956d00-0000-7000-8000-000000000001", "01956d00-0000-7000-8000-000000000002")
ANNA, BEN = "anna@acme.example", "ben@acme.example"
RULES = (
    (),
    (OwnerRule("acme", (), (), ANNA),),
    (OwnerRule("acme/berlin", (), (), BEN), OwnerRule("acme", (), (), ANNA)),
    (OwnerRule("acme", SHOPS[1:], (), BEN), OwnerRule("acme", (), ("negative", "normal"), ANNA)),
    (OwnerRule("acme-2", SHOPS[:1], ("drastic",), BEN), OwnerRule("acme-2", (), (), ANNA)),
)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_a_clock_is_told_under_the_owner_whom_the_desk_shows(stage):
    for number, place in enumerate(PLACES):
        source = SourceRef(id=SHOPS[number % 2], name="Shop", platform="native", created_at=SOURCE_CREATED)
        stars = replace(review(float(number + 1)), subject=place, source=source)
        await stage.happens(None, drastic(stars) if number == 2 else stars, at(0), review_id=f"r{number}")
    await stage.move_to(at(30))
    await stage.fires()
    await stage.rows("UPDATE alerts SET owner = 'dora@acme.example' WHERE review_id = 'r0' RETURNING id")
    for rules in RULES:
        whose = Ownership(OWNER, rules)
        async with stage.resources.database(Role.API).transaction("default") as tx:
            rows = [await desk.read_clock(tx, "default", whose, (await stage.clock(f"r{n}"))["id"]) for n in range(4)]
        groups = (await told(stage, asked(Dimension.OWNER), whose)).groups
        assert {group.key.values[0]: group.figures.all for group in groups} == Counter(row["owner"] for row in rows)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_only_what_is_asked_for_counts(stage):
    await one_of_each(stage)
    await stage.happens(None, review(subject="acme-2"), at(0), review_id="beside")
    assert (await told(stage, asked(subject="acme"))).all.all == 6
    assert (await told(stage, asked(subject="acme/berlin"))).all.all == 6
    assert (await told(stage, asked(source_id="01956d00-0000-7000-8000-000000000009"))).all.all == 0
    due_at = (await stage.clock("open"))["due_at"]
    exactly = Asked(window=Window(due_at, due_at + timedelta(microseconds=1)))
    assert (await told(stage, exactly)).all.all == 6
    before = Asked(window=Window(due_at - timedelta(days=9), due_at))
    assert (await told(stage, before)).all.all == 0


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_weeks_begin_on_mondays_of_the_zone(stage):
    sunday = at(-9)  # 2026-03-02 00:00 UTC is a Monday; its due time is Tuesday
    await stage.happens(None, review(published_at=sunday, rated_at=sunday, received_at=sunday), sunday)
    due_at = (await stage.clock())["due_at"]
    assert due_at == at(15)
    for zone, week in (("UTC", "2026-03-02"), ("America/New_York", "2026-03-02")):
        [group] = (await told(stage, asked(Dimension.WEEK, zone=zone))).groups
        assert group.key.values == (week,)
    early = at(-9 - 24)
    await stage.happens(None, review(published_at=early, rated_at=early, received_at=early), early, review_id="early")
    weeks = {zone: (await told(stage, asked(Dimension.WEEK, zone=zone))).groups for zone in ("UTC", "America/New_York")}
    assert [group.key.values[0] for group in weeks["UTC"]] == ["2026-03-02"]
    assert [group.key.values[0] for group in weeks["America/New_York"]] == ["2026-02-23", "2026-03-02"]


@pytest.mark.postgres
async def test_in_calendar_time_closed_hours_and_pauses_count(stage, open_on_weekdays):
    await open_on_weekdays(target="8h")
    friday = at(4 * 24 + 5)  # 14:00; eight open hours later it is Monday 14:00
    late = replace(review(), published_at=friday, rated_at=friday, received_at=friday)
    await stage.happens(None, late, friday)
    await stage.happens(late, answered(late, friday + timedelta(days=3)), friday + timedelta(days=3))
    await stage.move_to(friday + timedelta(days=3))
    business = (await told(stage, asked())).all
    calendar = (await told(stage, asked(time=TimeKind.CALENDAR))).all
    assert business == Compliance(in_time=1)
    assert calendar == Compliance(late=1)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_around_the_clock_and_without_pauses_both_kinds_of_time_say_the_same(stage):
    await one_of_each(stage)
    assert (await told(stage, asked(time=TimeKind.CALENDAR))).all == (await told(stage, asked())).all


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_a_paused_clock_is_named_apart_and_runs_on_in_calendar_time(stage):
    await stage.happens(None, review(), at(0))
    api = await stage.client()
    clock = await stage.clock()
    paused = await api.post(f"/v1/clocks/{clock['id']}/pause", json={"reason": "waits for the customer"})
    assert paused.status_code == 200
    await stage.move_to(at(30))
    assert (await told(stage, asked())).all == Compliance(paused=1)
    assert (await told(stage, asked(time=TimeKind.CALENDAR))).all == Compliance(open_past_due=1)


@pytest.mark.postgres
async def test_another_tenant_sees_nothing_of_it(stage):
    await one_of_each(stage)
    async with stage.worker.transaction() as tx:
        assert (await compliance_of(tx, "other", asked(), NOBODY_NAMED)).all.all == 0
