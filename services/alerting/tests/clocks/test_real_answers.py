"""Real reviews with real answers: their response times and breaches are those that plain arithmetic gives."""

from collections import Counter
from datetime import timedelta

import pytest

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock_events import CancelReason
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit_testing.real_answers import (
    REPLIED,
    SUBMITTED,
    UPDATED,
    facts,
    first_answers,
    lived,
    moment,
    percentiles,
    rows,
)

DAY = timedelta(days=1)
TARGETS = {1: DAY, 2: DAY, 3: 3 * DAY, 4: 7 * DAY, 5: 7 * DAY}


def seconds(clock: Clock) -> int:
    """The response time, in whole seconds."""
    assert clock.run.fulfilled_at is not None
    return (clock.run.fulfilled_at - clock.run.anchor_at) // timedelta(seconds=1)


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
