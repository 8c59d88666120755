from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.kafka.fuse import Fuse, FuseBlownError, FuseCounter, Tally

GOOD, BAD, HELD = Tally(applied=1), Tally(set_aside=1), Tally(held=1)


def committed(counter: FuseCounter, tallies: Iterable[Tally]) -> int:
    """How many of the transactions commit before the fuse blows."""
    count = 0
    for tally in tallies:
        try:
            counter.check(tally)
        except FuseBlownError:
            break
        counter.add(tally)
        count += 1
    return count


def test_a_flood_is_stopped_within_about_a_hundred_letters() -> None:
    assert committed(FuseCounter(Fuse()), [BAD] * 1_000) <= 100
    half = [GOOD, BAD] * 1_000
    done = half[: committed(FuseCounter(Fuse()), half)]
    assert 90 <= done.count(BAD) <= 100


def test_a_quiet_group_with_one_bad_record_in_three_goes_on_for_a_long_time() -> None:
    assert committed(FuseCounter(Fuse()), [BAD, GOOD, GOOD] * 60) == 180


def test_a_share_below_the_limit_never_blows_it() -> None:
    assert committed(FuseCounter(Fuse()), [Tally(applied=990, set_aside=9)] * 500) == 500


def test_a_share_above_the_limit_blows_it() -> None:
    tallies = [Tally(applied=980, set_aside=20)] * 500
    assert committed(FuseCounter(Fuse()), tallies) == 5


def test_failures_in_a_row_blow_it_and_an_applied_record_begins_the_row_anew() -> None:
    fuse = Fuse(max_share=1, max_consecutive=3)
    assert committed(FuseCounter(fuse), [BAD] * 10) == 3
    assert committed(FuseCounter(fuse), [BAD, BAD, BAD, GOOD] * 10) == 40
    assert committed(FuseCounter(fuse), [BAD, BAD, BAD, HELD, BAD]) == 4


def test_held_records_have_a_limit_of_their_own() -> None:
    fuse = Fuse(max_held=5)
    assert committed(FuseCounter(fuse), [HELD] * 10) == 5
    assert committed(FuseCounter(fuse), [Tally(held=3), Tally(held=3)]) == 1


def test_what_has_left_the_window_counts_no_more() -> None:
    fuse = Fuse(max_share=0.02, window_records=100, max_held=2)
    for bad in (BAD, HELD):
        assert committed(FuseCounter(fuse), [bad, bad, Tally(applied=97), bad]) == 3
        assert committed(FuseCounter(fuse), [bad, bad, Tally(applied=98), bad]) == 4


def test_a_transaction_that_was_checked_and_rolled_back_is_not_counted() -> None:
    counter = FuseCounter(Fuse(max_consecutive=1))
    for _ in range(5):
        counter.check(BAD)
    counter.add(BAD)
    with pytest.raises(FuseBlownError):
        counter.check(BAD)


def test_one_transaction_may_blow_it_alone_and_a_good_one_never_does() -> None:
    counter = FuseCounter(Fuse())
    with pytest.raises(FuseBlownError):
        counter.check(Tally(applied=3_999, set_aside=101))
    counter.check(Tally(applied=1_000_000))


def test_the_error_says_what_to_do() -> None:
    counter = FuseCounter(Fuse(max_share=0.5, window_records=10, max_consecutive=100))
    counter.add(Tally(applied=1, set_aside=5))
    with pytest.raises(FuseBlownError) as blown:
        counter.check(BAD)
    text = str(blown.value)
    assert text.startswith("6 of the last 7 records would be set aside, at most 5 may")
    for advice in ("rows of dead_letters", "restart the consumer", "Nothing was lost", "A restart re-arms the fuse"):
        assert advice in text


@given(st.lists(st.builds(Tally, st.integers(0, 40), st.integers(0, 4), st.integers(0, 4)), max_size=60))
def test_the_window_holds_no_more_failures_than_it_may(tallies: list[Tally]) -> None:
    fuse = Fuse(max_share=0.1, window_records=100, max_consecutive=1_000, max_held=8)
    done = tallies[: committed(FuseCounter(fuse), tallies)]
    records: list[str] = []
    for tally in done:
        records += ["good"] * tally.applied + ["bad"] * tally.set_aside + ["held"] * tally.held
    last_records = records[-fuse.window_records :]
    assert last_records.count("bad") <= 10
    assert last_records.count("held") <= 8
