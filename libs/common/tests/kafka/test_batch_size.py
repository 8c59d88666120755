import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.kafka.batch_size import BEHIND, USUAL, BatchSize, Pace

START, LIMIT, BACKLOG_LIMIT = 500, 4_000, 8_000
NOTHING, MUCH = 0, 100_000
"""Left to read."""
TRANSACTIONS = st.lists(st.tuples(st.integers(1, 10_000), st.floats(0, 10), st.integers(0, 50_000)), max_size=50)


def after(size: BatchSize, *, transactions: int, seconds: float, left_records: int = NOTHING) -> list[int]:
    """Let it learn from full transactions; return the size after each."""
    sizes = []
    for _ in range(transactions):
        size.observe(size.records, seconds, left_records)
        sizes.append(size.records)
    return sizes


@given(TRANSACTIONS)
def test_the_size_stays_between_its_start_and_its_limit(transactions: list[tuple[int, float, int]]) -> None:
    size = BatchSize(START, LIMIT, BACKLOG_LIMIT)
    for records, seconds, left_records in transactions:
        size.observe(min(records, size.records), seconds, left_records)
        assert START <= size.records <= (BACKLOG_LIMIT if size.is_behind else LIMIT)


@given(TRANSACTIONS)
def test_what_is_learnt_in_a_backlog_does_not_touch_the_usual_size(transactions: list[tuple[int, float, int]]) -> None:
    size, usual = BatchSize(START, LIMIT, BACKLOG_LIMIT), BatchSize(START, LIMIT, 0)
    for records, seconds, left_records in transactions:
        if not size.is_behind:
            usual.observe(records, seconds, NOTHING)
        size.observe(records, seconds, left_records)
        assert size.is_behind or size.records == usual.records


@given(TRANSACTIONS)
def test_without_a_limit_of_its_own_a_backlog_changes_nothing(transactions: list[tuple[int, float, int]]) -> None:
    size, without = BatchSize(START, LIMIT, 0), BatchSize(START, LIMIT, 0)
    for records, seconds, left_records in transactions:
        size.observe(records, seconds, left_records)
        without.observe(records, seconds, NOTHING)
        assert size.records == without.records


@pytest.mark.parametrize(("left_records", "is_behind"), [(0, False), (START, False), (START + 1, True)])
def test_a_backlog_is_more_than_a_usual_batch(left_records: int, is_behind: bool) -> None:
    size = BatchSize(START, LIMIT, BACKLOG_LIMIT)
    size.observe(START, USUAL.max_seconds, left_records)
    assert size.is_behind is is_behind


def test_it_grows_by_steps_up_to_the_limit_while_full_transactions_are_fast() -> None:
    grown = after(BatchSize(START, 1_000, BACKLOG_LIMIT), transactions=8, seconds=USUAL.min_seconds / 2)
    assert grown == sorted(grown)
    assert grown[-1] == 1_000


def test_in_a_backlog_it_grows_while_transactions_are_far_longer_and_beyond_the_usual_limit() -> None:
    size = BatchSize(START, LIMIT, BACKLOG_LIMIT)
    grown = after(size, transactions=8, seconds=BEHIND.min_seconds * 0.9, left_records=MUCH)
    assert grown == sorted(grown)
    assert grown[-1] == BACKLOG_LIMIT


def test_after_a_backlog_it_is_the_usual_size_at_once() -> None:
    size = BatchSize(START, LIMIT, BACKLOG_LIMIT)
    after(size, transactions=8, seconds=BEHIND.min_seconds * 0.9, left_records=MUCH)
    size.observe(size.records, BEHIND.min_seconds, NOTHING)
    assert size.records == START


@pytest.mark.parametrize(("pace", "left_records"), [(USUAL, NOTHING), (BEHIND, MUCH)])
def test_it_shrinks_by_a_part_when_a_transaction_is_slow(pace: Pace, left_records: int) -> None:
    size = BatchSize(START, LIMIT, BACKLOG_LIMIT)
    before = after(size, transactions=20, seconds=pace.min_seconds / 2, left_records=left_records)[-1]
    (shrunk,) = after(size, transactions=1, seconds=pace.max_seconds * 2, left_records=left_records)
    assert START < shrunk < before


def test_within_the_target_it_stays_as_it_is() -> None:
    size = BatchSize(START, LIMIT, BACKLOG_LIMIT)
    assert after(size, transactions=1, seconds=(USUAL.min_seconds + USUAL.max_seconds) / 2) == [START]


def test_a_small_fast_transaction_says_nothing_about_a_larger_one() -> None:
    size = BatchSize(1_000, LIMIT, BACKLOG_LIMIT)
    size.observe(3, USUAL.min_seconds / 10, NOTHING)
    assert size.records == 1_000


def test_a_limit_below_the_start_is_kept() -> None:
    size = BatchSize(START, 10, 0)
    size.observe(10, 1.0, NOTHING)
    assert size.records == 10
