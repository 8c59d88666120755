"""Real reviews with real answers: their response times and breaches are those that plain arithmetic gives."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from msgspec.structs import replace

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock_events import CancelReason
from plaudit.alerting.clocks.domain.review_clocks import ReviewClocks, ReviewRevision, decide_revision
from plaudit.alerting.clocks.domain.run import apply
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import ReviewChange, ReviewState
from plaudit_testing.clocks import RULES, TENANT, answered, review
from plaudit_testing.shared import shared

FOLDER = "gplay_firefox_console_export"
DAY = timedelta(days=1)
SUBMITTED, UPDATED = "Review Submit Millis Since Epoch", "Review Last Update Millis Since Epoch"
REPLIED = "Developer Reply Millis Since Epoch"
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)
TARGETS = {1: DAY, 2: DAY, 3: 3 * DAY, 4: 7 * DAY, 5: 7 * DAY}


def rows() -> list[dict[str, str]]:
    with gzip.open(shared("data", FOLDER, "reviews.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def facts() -> Mapping[str, object]:
    return json.loads(shared("data", FOLDER, "facts.json").read_text(encoding="utf-8"))


def moment(row: Mapping[str, str], column: str) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(row[column]))


def lived(row: Mapping[str, str], start: str) -> ReviewClocks:
    """The clocks about a review that was published at its start, and then answered, as events tell it."""
    published = moment(row, start)
    state = review(float(row["Star Rating"]), published_at=published, rated_at=published, received_at=published)
    state = replace(state, source=replace(state.source, created_at=LONG_AGO))
    with_answer = answered(state, moment(row, REPLIED))
    clocks = ReviewClocks()
    tell(clocks, 1, None, state, published)
    tell(clocks, 2, state, with_answer, max(published, moment(row, REPLIED)))
    return clocks


def tell(clocks: ReviewClocks, number: int, before: ReviewState | None, after: ReviewState, at: datetime) -> None:
    change = ReviewChange(review_id="review", revision=number, before=before, after=after)
    revision = ReviewRevision(tenant_id=TENANT, partition=0, recorded_at=at, change=change, is_first=number == 1)
    for decided in list(decide_revision(revision, clocks, RULES, partition_of=lambda _: 0)):
        run = reduce(lambda run, event: apply(run, event, RULES.of(TENANT)), decided.events, decided.clock.run)
        clocks.add(replace(decided.clock, run=run))


def first_answers(start: str) -> list[Clock]:
    clocks = [lived(row, start).newest(Metric.FIRST_ANSWER) for row in rows()]
    return [clock for clock in clocks if clock is not None]


def seconds(clock: Clock) -> int:
    """The response time, in whole seconds."""
    assert clock.run.fulfilled_at is not None
    return (clock.run.fulfilled_at - clock.run.anchor_at) // timedelta(seconds=1)


def percentiles(lags: Sequence[int], like: Mapping[str, int]) -> dict[str, int]:
    ordered = sorted(lags)
    return {name: ordered[int(int(name[1:]) / 100 * (len(ordered) - 1))] for name in like}


def test_response_times_from_the_submission_are_those_of_the_rows():
    clocks, known = first_answers(SUBMITTED), facts()
    assert len(clocks) == known["rows"]
    assert Counter(str(clock.about.stars) for clock in clocks) == known["rating_counts"]
    like = known["lag_seconds_from_submit"]
    assert percentiles([seconds(clock) for clock in clocks], like) == like


@pytest.mark.parametrize("start", [SUBMITTED, UPDATED])
def test_those_are_late_whose_answer_came_after_the_time_of_their_class(start):
    late = Counter(clock.about.stars for clock in first_answers(start) if clock.run.state == "breached")
    expected = Counter(
        int(row["Star Rating"])
        for row in rows()
        if moment(row, REPLIED) - moment(row, start) > TARGETS[int(row["Star Rating"])]
    )
    assert late == expected


def test_response_times_from_the_last_update_are_those_of_the_rows_and_an_older_answer_is_no_quick_one():
    clocks, known = first_answers(UPDATED), facts()
    older = [clock for clock in clocks if clock.run.fulfilled_at is None]
    assert {(clock.run.state, clock.run.reason) for clock in older} == {("cancelled", CancelReason.ANSWERED_BEFORE)}
    assert len(older) == known["reply_before_last_update"]
    lags = [(moment(row, REPLIED) - moment(row, UPDATED)) // timedelta(seconds=1) for row in rows()]
    like = known["lag_seconds_from_last_update"]
    assert percentiles(lags, like) == like
    assert sorted(map(seconds, [clock for clock in clocks if clock.run.fulfilled_at is not None])) == sorted(
        lag for lag in lags if lag >= 0
    )


def test_what_was_written_after_the_answer_waits_for_another_one():
    waiting = [lived(row, UPDATED).newest(Metric.NEXT_ANSWER) for row in rows()]
    open_since = {clock.run.anchor_at for clock in waiting if clock is not None and clock.run.waiting}
    assert len([clock for clock in waiting if clock is not None]) == facts()["reply_before_last_update"]
    assert open_since == {moment(row, UPDATED) for row in rows() if moment(row, REPLIED) < moment(row, UPDATED)}
