"""The first leaves at once, what follows leaves together, and nobody gets more than a bounded number."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.gathering import STORM_WINDOW, Gathering, Pace, Release, Waiting, decide

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PACE = Pace(tuple(timedelta(seconds=each) for each in (55, 120, 300, 600)))
EMPTY = Gathering("default", "clock", "email", "ann@acme.example")
POLL_SECONDS = 1


def told(arrivals, until_seconds, *, is_storm=False, is_down=lambda _: False):
    """What leaves of messages that come at seconds, urgent or not, to a sender that looks each second.

    Returns (second, release, the arrivals that left) for each message that leaves.
    """
    state, waiting, found = EMPTY, [], []
    coming = sorted(arrivals)
    for second in range(0, until_seconds, POLL_SECONDS):
        now = NOW + timedelta(seconds=second)
        waiting += [each for each in coming if each[0] <= second]
        coming = [each for each in coming if each[0] > second]
        if not waiting or is_down(second):
            continue
        oldest = NOW + timedelta(seconds=min(at for at, _ in waiting))
        urgent = [at for at, is_urgent in waiting if is_urgent]
        urgent_at = NOW + timedelta(seconds=min(urgent)) if urgent else None
        release, state = decide(state, Waiting(oldest, urgent_at), now, PACE, is_storm=is_storm)
        if release is Release.FIRST:
            first = min(waiting, key=lambda each: (not each[1], each[0]))
            waiting.remove(first)
            found.append((second, release, [first]))
        elif release is Release.ALL:
            found.append((second, release, waiting))
            waiting = []
    return found


def test_the_first_leaves_at_once_and_the_rest_at_the_end_of_the_window():
    found = told([(0, False)] * 120, 600)
    assert [(second, release, len(left)) for second, release, left in found] == [
        (0, Release.FIRST, 1),
        (55, Release.ALL, 119),
    ]


def test_windows_grow_while_messages_come():
    found = told([(second, False) for second in range(3_600)], 3_600)
    assert [second for second, _, _ in found] == [0, 55, 175, 475, 1075, 1675, 2275, 2875, 3475]


def test_after_a_quiet_window_the_next_one_leaves_at_once_again():
    found = told([(0, False), (10, False), (1_000, False), (1_010, False)], 2_000)
    assert [(second, release) for second, release, _ in found] == [
        (0, Release.FIRST),
        (55, Release.ALL),
        (1_000, Release.FIRST),
        (1_055, Release.ALL),
    ]


def test_something_urgent_waits_no_longer_than_the_first_window_however_long_the_present_one_is():
    found = told([*((second, False) for second in range(1_200)), (1_100, True)], 1_800)
    [at] = [second for second, _, left in found if (1_100, True) in left]
    assert at - 1_100 <= PACE.first.total_seconds()


def test_in_a_storm_nothing_leaves_by_itself():
    found = told([(second, False) for second in range(0, 3_600, 60)], 3_600, is_storm=True)
    assert {release for _, release, _ in found} == {Release.ALL}
    assert [second for second, _, _ in found] == [600 * n for n in range(1, 6)]


def test_in_a_storm_something_urgent_waits_no_longer_than_the_first_window():
    found = told([(0, True), (5, True), (400, True), (401, False)], 1_200, is_storm=True)
    for second, _, left in found:
        assert all(second - at <= PACE.first.total_seconds() for at, is_urgent in left if is_urgent)


def test_what_was_put_off_leaves_as_one_message():
    waiting = Waiting(NOW, was_put_off=True)
    assert decide(EMPTY, waiting, NOW, PACE, is_storm=False)[0] is Release.ALL


def test_after_a_standstill_what_waited_is_one_message():
    arrivals = [(0, False), *((second, False) for second in range(10, 3_000))]
    found = told(arrivals, 4_000, is_down=lambda second: 5 <= second < 3_600)
    assert [(second, len(left)) for second, _, left in found] == [(0, 1), (3_600, len(arrivals) - 1)]


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 7_200), st.booleans()), max_size=60),
    is_storm=st.booleans(),
)
def test_everything_leaves_once_in_time_and_no_hour_has_more_than_its_messages(arrivals, is_storm):
    found = told(arrivals, 7_200 + 1_300, is_storm=is_storm)
    assert sorted(each for _, _, left in found for each in left) == sorted(arrivals)
    longest = STORM_WINDOW if is_storm else PACE.windows[-1]
    for second, _, left in found:
        for at, is_urgent in left:
            assert second - at <= (PACE.first if is_urgent else longest).total_seconds()
    gaps = [after - before for (before, *_), (after, *_) in itertools.pairwise(found)]
    assert all(gap >= PACE.first.total_seconds() for gap in gaps)


@given(st.lists(st.integers(0, 3_599), min_size=1, max_size=400))
def test_who_gets_messages_all_the_time_gets_few_an_hour(seconds):
    always = [(second, False) for second in range(0, 3_600, 20)]
    found = told([*always, *((second, False) for second in seconds)], 3_600)
    assert len(found) <= 9
