from datetime import timedelta

import pytest

from plaudit.alerting.timers.domain import NEVER, WatermarkTracker
from plaudit_testing.clocks import at

WAIT = timedelta(seconds=60)


@pytest.fixture
def tracker():
    return WatermarkTracker(WAIT)


def test_nothing_has_been_read_before_the_first_answer(tracker):
    assert tracker.must_ask(at(0))
    assert tracker.watermark(at(1)).decide_until == NEVER


def test_a_timer_waits_until_the_position_has_watermark_the_end_that_was_asked(tracker):
    tracker.asked(at(1), 10)
    tracker.read(9)
    assert tracker.watermark(at(1)).decide_until == NEVER
    tracker.read(10)
    watermark = tracker.watermark(at(1))
    assert (watermark.read_until, watermark.decide_until) == (at(1), at(1))


def test_what_comes_due_after_the_asking_needs_another_one(tracker):
    tracker.asked(at(1), 10)
    tracker.read(10)
    assert not tracker.must_ask(at(1))
    assert tracker.must_ask(at(1) + timedelta(microseconds=1))


def test_one_ask_stands_at_a_time_so_that_a_busy_partition_does_not_run_away(tracker):
    tracker.asked(at(1), 10)
    assert not tracker.must_ask(at(2))


def test_after_the_longest_wait_what_was_due_before_it_is_decided_with_reserve(tracker):
    tracker.asking(at(1))
    assert tracker.watermark(at(1) + WAIT - timedelta(microseconds=1)).decide_until == NEVER
    watermark = tracker.watermark(at(1) + WAIT)
    assert (watermark.read_until, watermark.decide_until) == (NEVER, at(1))


def test_each_timer_has_its_own_longest_wait_while_kafka_stays_away(tracker):
    tracker.asking(at(1))
    assert tracker.watermark(at(3)).decide_until == at(3) - WAIT


def test_the_wait_begins_with_the_asking_and_not_with_the_due_time(tracker):
    """A process that was down over the due time gives Kafka as long as one that was not."""
    tracker.asking(at(30))
    assert tracker.watermark(at(30) + timedelta(seconds=59)).decide_until == NEVER


def test_reading_on_ends_the_wait(tracker):
    tracker.asking(at(1))
    tracker.asked(at(2), 10)
    tracker.read(12)
    assert tracker.watermark(at(9)).decide_until == at(2)


def test_where_the_clock_was_set_back_nothing_is_taken_for_read_that_is_written_from_then_on(tracker):
    tracker.asked(at(25), 10)
    tracker.read(10)
    tracker.is_now(at(24))
    assert tracker.must_ask(at(23))
    assert tracker.watermark(at(24)).decide_until == NEVER


def test_where_the_clock_was_set_back_the_longest_wait_begins_anew(tracker):
    tracker.asked(at(25), 10)
    tracker.is_now(at(24))
    tracker.asked(at(24), 11)
    assert tracker.watermark(at(24) + WAIT).decide_until == at(24)


def test_time_that_goes_on_takes_nothing_back(tracker):
    tracker.asked(at(1), 10)
    tracker.read(10)
    tracker.is_now(at(1))
    assert tracker.watermark(at(1)).read_until == at(1)
