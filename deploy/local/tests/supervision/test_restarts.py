from hypothesis import given
from hypothesis import strategies as st

from plaudit_local.restarts import CALM_SECONDS, CAP_SECONDS, FIRST_SECONDS, Restarts

short = st.floats(0, CALM_SECONDS, exclude_max=True)


def test_the_delay_doubles_up_to_its_cap():
    restarts = Restarts()
    assert [restarts.next_delay_seconds(1.0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert restarts.count == 8


@given(st.lists(short, max_size=50))
def test_the_delay_never_shrinks_while_it_keeps_ending_and_never_passes_the_cap(lifetimes):
    restarts = Restarts()
    delays = [restarts.next_delay_seconds(lifetime) for lifetime in lifetimes]
    assert delays == sorted(delays)
    assert all(FIRST_SECONDS <= delay <= CAP_SECONDS for delay in delays)


@given(st.lists(short, max_size=20), st.floats(CALM_SECONDS, 1e9))
def test_a_calm_minute_starts_the_back_off_anew_but_not_the_count(lifetimes, calm):
    restarts = Restarts()
    for lifetime in lifetimes:
        restarts.next_delay_seconds(lifetime)
    assert restarts.next_delay_seconds(calm) == FIRST_SECONDS
    assert restarts.count == len(lifetimes) + 1
