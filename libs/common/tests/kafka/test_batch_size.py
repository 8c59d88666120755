from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.kafka.batch_size import TARGET_MAX_SECONDS, TARGET_MIN_SECONDS, BatchSize


@given(st.lists(st.tuples(st.integers(1, 10_000), st.floats(0, 10)), max_size=50))
def test_the_size_stays_between_its_start_and_its_limit(transactions: list[tuple[int, float]]) -> None:
    size = BatchSize(500, 4_000)
    for records, seconds in transactions:
        size.observe(min(records, size.records), seconds)
        assert 500 <= size.records <= 4_000


def test_it_grows_by_steps_up_to_the_limit_while_full_transactions_are_fast() -> None:
    size = BatchSize(500, 1_000)
    grown = []
    for _ in range(8):
        size.observe(size.records, TARGET_MIN_SECONDS / 2)
        grown.append(size.records)
    assert grown == sorted(grown)
    assert grown[-1] == 1_000


def test_it_shrinks_by_a_part_when_a_transaction_is_slow() -> None:
    size = BatchSize(500, 4_000)
    for _ in range(20):
        size.observe(size.records, TARGET_MIN_SECONDS / 2)
    before = size.records
    size.observe(before, TARGET_MAX_SECONDS * 2)
    assert 500 < size.records < before


def test_within_the_target_it_stays_as_it_is() -> None:
    size = BatchSize(500, 4_000)
    size.observe(500, (TARGET_MIN_SECONDS + TARGET_MAX_SECONDS) / 2)
    assert size.records == 500


def test_a_small_fast_transaction_says_nothing_about_a_larger_one() -> None:
    size = BatchSize(1_000, 4_000)
    size.observe(3, TARGET_MIN_SECONDS / 10)
    assert size.records == 1_000


def test_a_limit_below_the_start_is_kept() -> None:
    size = BatchSize(500, 10)
    size.observe(10, 1.0)
    assert size.records == 10
