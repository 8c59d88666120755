"""A rating that flaps is told once an hour at most, and a negative one that stands is always told."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.mails.domain.flapping import FLAPS_WITHIN, notice_at

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE_MINUTES = 24 * 60


def minute(number):
    return NOW + timedelta(minutes=number)


def told(changes, until_minutes):
    """Minutes at which notices leave, of a rating that becomes negative and positive by turns.

    Each run has its own notice, and that of a run that has ended does not leave: a fence sees to it.
    """
    at = sorted(set(changes))
    runs = [(start, end) for start, end in zip(at[::2], [*at[1::2], None], strict=False)]
    found, last = [], None
    for number in range(until_minutes):
        for start, end in runs:
            is_running = start <= number and (end is None or number < end) and number < start + DUE_MINUTES
            if is_running and ("run", start) not in found:
                due = notice_at(None if last is None else minute(last), minute(start), minute(number))
                if due <= minute(number):
                    found.append(("run", start))
                    last = number
                    yield number


def test_the_first_notice_leaves_at_once():
    assert notice_at(None, NOW, NOW) == NOW


def test_a_run_that_begins_within_the_hour_is_told_when_it_has_stood_for_one():
    assert notice_at(minute(0), minute(20), minute(20)) == minute(80)


def test_a_run_that_begins_an_hour_after_the_last_notice_is_told_at_once():
    assert notice_at(minute(0), minute(60), minute(60)) == minute(60)


def test_a_rating_that_goes_one_five_one_five_one_is_told_once_until_it_stays():
    assert list(told([0, 5, 10, 15, 20], 75)) == [0]
    assert list(told([0, 5, 10, 15, 20], 300)) == [0, 80]


@given(st.lists(st.integers(0, 600), min_size=1, max_size=40))
def test_notices_are_an_hour_apart_and_a_negative_rating_that_stands_is_told(changes):
    minutes = list(told(changes, 600 + 70))
    assert all(later - before >= FLAPS_WITHIN / timedelta(minutes=1) for before, later in itertools.pairwise(minutes))
    at = sorted(set(changes))
    if len(at) % 2:
        assert [each for each in minutes if each >= at[-1]], "the last run stands, and nobody was told of it"
