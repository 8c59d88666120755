"""Figures of answers over HTTP are what a computation from scratch over the events says."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.contracts import Answers
from plaudit.common.ids import uuid7
from plaudit_testing.answered import BEGINNING, HOUR, SOURCES, Told, answer, lived, wanted
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

DAYS = 400


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=1e-9)


def wilson(part: int, count: int) -> dict[str, object] | None:
    """The interval of a share, as the roots of its equation: (share - p)^2 = z^2 p (1 - p) / n."""
    if not count:
        return None
    z, share = 1.959963984540054, part / count
    a, b, c = 1 + z * z / count, -(2 * share + z * z / count), share * share
    root = max(b * b - 4 * a * c, 0.0) ** 0.5
    return {
        "low": pytest.approx((-b - root) / (2 * a), abs=1e-9),
        "high": pytest.approx((-b + root) / (2 * a), abs=1e-9),
    }


def agrees(
    found: dict[str, Any], events: Sequence[Told], subject: str, at: datetime, days: int, source: str | None
) -> None:
    right = wanted(events, subject, at, days, source)
    assert (found["count"], found["answered"], found["unknown"]) == (right.count, right.answered, right.unknown)
    assert found["rate"] == near(right.answered / right.count if right.count else None)
    assert found["interval"] == wilson(right.answered, right.count)
    assert found["median_seconds"] == near(right.median.total_seconds() if right.median is not None else None)
    reason = None if right.median is not None else "more-than-half-wait" if right.count else "no-reviews"
    assert found["median_reason"] == reason
    within = (found["within_24_hours"], found["within_72_hours"], found["within_7_days"])
    assert within == tuple(None if each is None else pytest.approx(each, rel=1e-9, abs=1e-12) for each in right.within)
    assert found["recovery"] == {
        "share": near(right.raised / right.answered_negatives if right.answered_negatives else None),
        "interval": wilson(right.raised, right.answered_negatives),
        "raised": right.raised,
        "answered_negatives": right.answered_negatives,
    }


async def figures(api: httpx.AsyncClient, subject: str = "acme", **params: Any) -> dict[str, Any]:
    response = await api.get(f"/v1/score-figures/{subject}", params=params)
    assert response.status_code == 200, response.text
    return dict(response.json())


@pytest.mark.parametrize("seed", range(3))
async def test_figures_of_any_moment_are_what_the_events_say_in_whatever_order_they_come(
    api: httpx.AsyncClient, answering, bus, seed: int
) -> None:
    chance = random.Random(seed)
    ceases_at = BEGINNING + timedelta(days=DAYS - 100)
    events: list[Told] = []
    for _ in range(150):
        created_at = BEGINNING + timedelta(seconds=chance.randrange(DAYS * 86_400))
        events += lived(chance, created_at, ceases_at if seed else datetime.max.replace(tzinfo=UTC))
    await answering.tell_anyhow(chance, events)
    for source in SOURCES:  # so that there are scores by source
        await bus.tell(None, review_state(5, "acme/berlin", source=source, rated_at=BEGINNING, published_at=BEGINNING))
        await bus.tell(None, review_state(5, "globex", source=source, rated_at=BEGINNING, published_at=BEGINNING))

    seen = 0
    for _ in range(25):
        at = BEGINNING + timedelta(seconds=chance.randrange(DAYS * 86_400))
        subject, days = chance.choice(["acme", "acme/berlin", "globex"]), chance.choice([7, 30, 90, 366])
        asked = {"at": at.isoformat(), "days": days}
        found = await figures(api, subject, **asked)
        agrees(found["answers"], events, subject, at, days, None)
        seen += found["answers"]["count"]
        assert {each["source_id"] for each in found["by_source"]} == {source.id for source in SOURCES}
        for each in found["by_source"]:
            agrees(each["answers"], events, subject, at, days, each["source_id"])
        source_id = chance.choice(SOURCES).id
        of_source = await figures(api, subject, **asked, source_id=source_id)
        agrees(of_source["answers"], events, subject, at, days, source_id)
    assert seen > 100


def new(rating: float, at: datetime, **fields: Any) -> Told:
    """A review that is told as it is published."""
    state = review_state(rating, "acme", source=SOURCES[0], rated_at=at, published_at=at, **fields)
    return Told(str(uuid7()), 1, "review.created", at, None, state)


def replied(told: Told, at: datetime, answers: Answers = Answers.TOLD) -> Told:
    """The event of its answer."""
    state = review_state(told.after.rating, "acme", source=SOURCES[0], rated_at=told.after.rated_at,
                         published_at=told.after.published_at, answer=answer(at))  # fmt: skip
    return Told(told.review_id, 2, "review.answered", at, told.after, state, answers)


@pytest.fixture
async def scored(bus) -> None:
    """There is a subject."""
    await bus.tell(None, review_state(5, "acme", source=SOURCES[0], rated_at=BEGINNING, published_at=BEGINNING))


@pytest.mark.usefixtures("scored")
async def test_a_review_that_waits_counts_and_more_than_half_of_them_leave_no_median(
    api: httpx.AsyncClient, answering
) -> None:
    reviews = [new(2.0, BEGINNING) for _ in range(3)]
    await answering.tell(*reviews, replied(reviews[0], BEGINNING + 2 * HOUR))
    at = (BEGINNING + 48 * HOUR).isoformat()

    found = (await figures(api, at=at))["answers"]

    assert (found["count"], found["answered"], found["rate"]) == (3, 1, near(1 / 3))
    assert (found["median_seconds"], found["median_reason"]) == (None, "more-than-half-wait")
    assert (found["within_24_hours"], found["within_72_hours"]) == (near(1 / 3), None)
    assert found["days"] == 90

    await answering.tell(replied(reviews[1], BEGINNING + 5 * HOUR))
    found = (await figures(api, at=at))["answers"]
    assert (found["median_seconds"], found["median_reason"]) == (5 * 3_600, None)


@pytest.mark.usefixtures("scored")
async def test_where_answers_are_not_told_a_review_is_unknown_answered_or_not(
    api: httpx.AsyncClient, answering
) -> None:
    reviews = [new(2.0, BEGINNING) for _ in range(3)]
    untold = [Told(**{**vars(each), "answers": Answers.UNTOLD}) for each in reviews]
    await answering.tell(*untold, replied(reviews[0], BEGINNING + 2 * HOUR, Answers.UNTOLD))
    at = (BEGINNING + 48 * HOUR).isoformat()

    found = (await figures(api, at=at))["answers"]
    assert (found["count"], found["answered"], found["unknown"], found["rate"]) == (0, 0, 3, None)
    assert found["median_reason"] == "no-reviews"
    assert found["recovery"]["answered_negatives"] == 0

    # From the first event on that says that the platform is asked, its reviews without an answer wait.
    await answering.tell(new(5.0, BEGINNING + 49 * HOUR))
    found = (await figures(api, at=at))["answers"]
    assert (found["count"], found["answered"], found["unknown"]) == (3, 1, 0)


@pytest.mark.usefixtures("scored")
async def test_reviews_whose_beginning_was_not_seen_are_left_out_and_it_is_said_since_when_they_are_known(
    api: httpx.AsyncClient, answering
) -> None:
    old, seen = new(2.0, BEGINNING), new(2.0, BEGINNING + 30 * HOUR)
    await answering.give([answering.record(replied(old, BEGINNING + 24 * HOUR), sequence=7)])
    await answering.give([answering.record(seen, sequence=8)])
    await answering.give([answering.record(new(2.0, BEGINNING + 25 * HOUR), sequence=1, partition=1)])

    found = (await figures(api, at=(BEGINNING + 48 * HOUR).isoformat()))["answers"]

    assert (found["count"], found["answered"]) == (2, 0)
    assert datetime.fromisoformat(found["known_since"]) == BEGINNING + 24 * HOUR


@pytest.mark.usefixtures("scored")
async def test_what_was_known_from_the_first_record_on_has_no_beginning(api: httpx.AsyncClient, answering) -> None:
    await answering.tell(new(2.0, BEGINNING))

    assert (await figures(api))["answers"]["known_since"] is None


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize("days", ["0", "367", "-1", "ninety", "1.5"])
async def test_days_outside_the_limits_are_refused(api: httpx.AsyncClient, days: str) -> None:
    response = await api.get("/v1/score-figures/acme", params={"days": days})

    assert problem_of(response) == (422, "invalid-request")
    assert [error["pointer"] for error in response.json()["errors"]] == ["/days"]


@pytest.mark.usefixtures("scored")
async def test_the_window_begins_after_so_many_days_and_ends_with_the_instant(
    api: httpx.AsyncClient, answering
) -> None:
    await answering.tell(*(new(2.0, BEGINNING + hours * HOUR) for hours in (0, 1, 24, 25)))

    found = await figures(api, at=(BEGINNING + 24 * HOUR).isoformat(), days=1)

    assert found["answers"]["count"] == 2
