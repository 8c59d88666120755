"""What Zammad's suite expects of the escalations of a ticket, of our clocks (`escalation_examples.rb`; facts of it)."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from plaudit.alerting.calendars.domain import elapsed_seconds
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit_testing.calendars import calendar, utc
from plaudit_testing.clocks import answered, rated, review
from plaudit_testing.review_events import RESOLUTION

pytestmark = pytest.mark.postgres

DAY = "2013-03-21"
HOURS = calendar("Europe/Berlin", Mon_Fri="08:00-18:00")
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
WEEK = {day: ["08:00-18:00"] for day in WORKDAYS} | {"saturday": [], "sunday": []}
TARGETS = {Metric.FIRST_ANSWER: 60, Metric.NEXT_ANSWER: 120, Metric.RESOLUTION_FIRST: 180}


def time(text):
    return utc(f"{DAY} {text}")


@pytest.fixture
async def inbound(stage):
    """A bad review of 09:30 under a policy with these targets by open hours."""
    await stage.move_to(time("09:00"))
    api = await stage.client()
    made = await api.put("/v1/calendars/office", json={"zone": "Europe/Berlin", "week": WEEK})
    assert made.status_code == 200, made.text
    classes = [
        {
            "name": metric.replace("_", "-"),
            "metric": metric,
            "when": {"rating": {"from": 1, "to": 2}},
            "due_within": f"{minutes} min",
            "calendar": "office",
            "grace": "0 min",
        }
        for metric, minutes in TARGETS.items()
    ]
    saved = await api.post("/v1/policies/revisions", json={"title": "Zammad", "classes": classes})
    assert saved.status_code == 201, saved.text
    activated = await api.post(f"{saved.headers['location']}/activate", json={"skip_preview": True})
    assert activated.status_code == 200, activated.text
    state = review(published_at=time("09:30"), rated_at=time("09:30"), received_at=time("09:30"))
    state = replace(state, source=replace(state.source, created_at=time("08:00")))
    await stage.happens(None, state, time("09:30"))
    return state


async def waiting(stage):
    rows = await stage.rows("SELECT metric, due_at FROM clocks WHERE waiting ORDER BY due_at")
    return [(row["metric"], row["due_at"]) for row in rows]


async def minutes(stage, metric):
    """Open minutes until it was fulfilled, and those that were left then."""
    clock = await stage.clock(metric=metric)
    taken = elapsed_seconds(HOURS, clock["anchor_at"], clock["fulfilled_at"]) // 60
    late = clock["state"] == "breached"
    assert late == (clock["fulfilled_at"] > clock["due_at"])
    return taken, TARGETS[metric] - taken


async def test_the_next_escalation_is_the_first_of_those_that_wait(stage, inbound):
    assert await waiting(stage) == [(Metric.FIRST_ANSWER, time("10:30")), (Metric.RESOLUTION_FIRST, time("12:30"))]


@pytest.mark.parametrize(("at", "expected"), [("10:00", (30, 30)), ("14:00", (270, -210))])
async def test_a_first_response_clears_the_first_target(stage, inbound, at, expected):
    await stage.happens(inbound, answered(inbound, time(at)), time(at))
    assert await minutes(stage, Metric.FIRST_ANSWER) == expected
    assert await waiting(stage) == [(Metric.RESOLUTION_FIRST, time("12:30"))]


async def test_what_the_customer_writes_after_an_answer_is_due_from_then_and_cleared_by_the_next(stage, inbound):
    once = answered(inbound, time("12:00"))
    await stage.happens(inbound, once, time("12:00"))
    more = replace(once, edited_at=time("12:05"))
    await stage.happens(once, more, time("12:05"))
    assert (Metric.NEXT_ANSWER, time("14:05")) in await waiting(stage)
    await stage.happens(more, answered(more, time("12:10")), time("12:10"))
    assert await minutes(stage, Metric.NEXT_ANSWER) == (5, 115)
    assert await minutes(stage, Metric.FIRST_ANSWER) == (150, -90)


@pytest.mark.parametrize(("at", "expected"), [("11:30", (120, 60)), ("13:00", (210, -30))])
async def test_closing_clears_everything_in_time_or_late(stage, inbound, at, expected):
    once = answered(inbound, time("10:00"))
    await stage.happens(inbound, once, time("10:00"))
    await stage.happens(once, replace(once, resolution=replace(RESOLUTION, resolved_at=time(at))), time(at))
    assert await minutes(stage, Metric.RESOLUTION_FIRST) == expected
    assert await waiting(stage) == []
    await stage.move_to(time("13:30") + timedelta(days=1))
    await stage.fires()
    assert await stage.rows("SELECT FROM timers") == []


async def test_where_no_condition_holds_any_more_nothing_waits(stage, inbound):
    await stage.happens(inbound, rated(inbound, 5.0, time("09:40")), time("09:40"))
    assert await waiting(stage) == []
