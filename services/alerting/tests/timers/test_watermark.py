from datetime import timedelta

import pytest

from plaudit.alerting.domain.decide import NEVER
from plaudit.alerting.domain.horizon import Horizon
from plaudit_testing.promises import at

WAIT = timedelta(seconds=60)


@pytest.fixture
def horizon():
    return Horizon(WAIT)


def test_nothing_has_been_read_before_the_first_answer(horizon):
    assert horizon.must_ask(at(0))
    assert horizon.reached(at(1)).decide_until == NEVER


def test_a_timer_waits_until_the_position_has_reached_the_end_that_was_asked(horizon):
    horizon.asked(at(1), 10)
    horizon.read(9)
    assert horizon.reached(at(1)).decide_until == NEVER
    horizon.read(10)
    reached = horizon.reached(at(1))
    assert (reached.read_until, reached.decide_until) == (at(1), at(1))


def test_what_comes_due_after_the_asking_needs_another_one(horizon):
    horizon.asked(at(1), 10)
    horizon.read(10)
    assert not horizon.must_ask(at(1))
    assert horizon.must_ask(at(1) + timedelta(microseconds=1))


def test_one_ask_stands_at_a_time_so_that_a_busy_partition_does_not_run_away(horizon):
    horizon.asked(at(1), 10)
    assert not horizon.must_ask(at(2))


def test_after_the_longest_wait_what_was_due_before_it_is_decided_with_reserve(horizon):
    horizon.asking(at(1))
    assert horizon.reached(at(1) + WAIT - timedelta(microseconds=1)).decide_until == NEVER
    reached = horizon.reached(at(1) + WAIT)
    assert (reached.read_until, reached.decide_until) == (NEVER, at(1))


def test_each_timer_has_its_own_longest_wait_while_kafka_stays_away(horizon):
    horizon.asking(at(1))
    assert horizon.reached(at(3)).decide_until == at(3) - WAIT


def test_the_wait_begins_with_the_asking_and_not_with_the_due_time(horizon):
    """A process that was down over the due time gives Kafka as long as one that was not."""
    horizon.asking(at(30))
    assert horizon.reached(at(30) + timedelta(seconds=59)).decide_until == NEVER


def test_reading_on_ends_the_wait(horizon):
    horizon.asking(at(1))
    horizon.asked(at(2), 10)
    horizon.read(12)
    assert horizon.reached(at(9)).decide_until == at(2)
