from hypothesis import given
from hypothesis import strategies as st

from plaudit_local.supervision.restarts import CAP_SECONDS, FIRST_SECONDS, Restarts


def test_the_delay_doubles_up_to_its_cap_while_it_ends_before_it_is_ready():
    restarts = Restarts()
    assert [restarts.next_delay_seconds(was_ready=False) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert restarts.count == 8


def test_who_was_ready_is_started_at_once_however_often_it_ends():
    restarts = Restarts()
    assert [restarts.next_delay_seconds(was_ready=True) for _ in range(5)] == [0.0] * 5
    assert restarts.count == 5


@given(st.integers(0, 50))
def test_the_delay_never_shrinks_while_it_is_never_ready_and_never_passes_the_cap(times):
    restarts = Restarts()
    delays = [restarts.next_delay_seconds(was_ready=False) for _ in range(times)]
    assert delays == sorted(delays)
    assert all(FIRST_SECONDS <= delay <= CAP_SECONDS for delay in delays)


@given(st.lists(st.booleans(), max_size=20))
def test_who_has_been_ready_starts_the_back_off_again_but_not_the_count(lives):
    restarts = Restarts()
    for was_ready in lives:
        restarts.next_delay_seconds(was_ready=was_ready)
    restarts.next_delay_seconds(was_ready=True)
    assert restarts.next_delay_seconds(was_ready=False) == FIRST_SECONDS
    assert restarts.count == len(lives) + 2
