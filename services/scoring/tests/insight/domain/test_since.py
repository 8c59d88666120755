"""Since when a share is another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.insight.domain.since import MIN_WEEKS, change_week


@pytest.mark.parametrize(
    ("counts", "totals", "week"),
    [
        ([0, 0, 0, 0, 5, 5, 5, 5], [10] * 8, 4),
        ([5, 5, 5, 0, 0, 0, 0, 0], [10] * 8, 3),
        ([1, 1, 1, 1, 1, 9, 9, 9], [10, 10, 10, 10, 10, 90, 90, 90], None),
        ([0, 0, 0, 0], [10] * 4, None),
        ([0, 0, 0, 0, 0, 0, 9, 9], [10, 10, 10, 0, 0, 0, 10, 10], 6),
        ([3, 3, 3, 3], [3, 3, 3, 3], None),
        ([0, 0, 0, 0], [0] * 4, None),
        ([0, 9], [10, 10], None),
        ([], [], None),
    ],
)
def test_the_week_is_where_the_share_changes_and_not_the_number(counts, totals, week):
    assert change_week(counts, totals) == week


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=30))
def test_a_change_has_weeks_before_it_and_begins_with_a_review(pairs):
    counts, totals = [min(pair) for pair in pairs], [max(pair) for pair in pairs]
    week = change_week(counts, totals)
    assert week is None or (MIN_WEEKS <= week < len(pairs) and totals[week])
