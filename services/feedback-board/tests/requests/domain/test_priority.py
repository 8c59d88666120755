from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.priority import IMPACTS, Sizing, priority

reaches = st.integers(0, 10_000_000)
impacts = st.sampled_from(IMPACTS)
efforts = st.integers(25, 100_000).map(lambda hundredths: Decimal(hundredths).scaleb(-2))


def _priority(impact: Decimal, reach: int, effort: Decimal) -> Decimal:
    worth = priority(Sizing(impact, effort), reach)
    assert worth is not None
    return worth


@pytest.mark.parametrize(
    ("impact", "reach", "effort", "expected"),
    [
        ("2", 44, "3", "29.33"),
        ("0.25", 1, "50", "0.01"),  # 0.005 is half a cent: up
        ("0.25", 1, "50.01", "0.00"),
        ("1", 1, "8", "0.13"),  # 0.125
        ("3", 7, "0.25", "84.00"),
        ("1", 0, "1", "0.00"),
    ],
)
def test_priority_is_impact_times_reach_by_effort_rounded_half_up(
    impact: str, reach: int, effort: str, expected: str
) -> None:
    assert str(_priority(Decimal(impact), reach, Decimal(effort))) == expected


def test_what_is_unsized_has_no_priority_however_many_it_reaches() -> None:
    assert priority(None, 1_000_000) is None


@given(impacts, reaches, efforts)
def test_priority_is_within_half_a_cent_of_the_exact_quotient(impact: Decimal, reach: int, effort: Decimal) -> None:
    exact = Fraction(impact) * reach / Fraction(effort)
    assert abs(Fraction(_priority(impact, reach, effort)) - exact) <= Fraction(1, 200)


@given(impacts, reaches, st.integers(0, 100_000), efforts)
def test_more_reach_never_lowers_a_priority(impact: Decimal, reach: int, more: int, effort: Decimal) -> None:
    assert _priority(impact, reach + more, effort) >= _priority(impact, reach, effort)


@given(impacts, reaches, efforts, efforts)
def test_more_effort_never_raises_a_priority(impact: Decimal, reach: int, one: Decimal, other: Decimal) -> None:
    assert _priority(impact, reach, max(one, other)) <= _priority(impact, reach, min(one, other))


@given(impacts, impacts, reaches, efforts)
def test_more_impact_never_lowers_a_priority(one: Decimal, other: Decimal, reach: int, effort: Decimal) -> None:
    assert _priority(max(one, other), reach, effort) >= _priority(min(one, other), reach, effort)


@pytest.mark.parametrize("impact", ["0", "0.24", "0.75", "4", "-1", "NaN", "Infinity"])
def test_an_impact_off_the_ladder_is_refused(impact: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Sizing(Decimal(impact), Decimal(1))
    assert refused.value.field == "impact"


@pytest.mark.parametrize("effort", ["0", "0.24", "-3", "1000.01", "1.005", "NaN", "Infinity"])
def test_an_effort_below_its_floor_or_too_fine_is_refused(effort: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Sizing(Decimal(1), Decimal(effort))
    assert refused.value.field == "effort_weeks"
