from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.moves.domain import GRAIN_BITS, ShownPieces, ShownStretch, Span, pieces
from plaudit.scoring.profiles.domain import DAY_US

FIRST_DAY = 20_000
instants = st.one_of(
    st.integers(FIRST_DAY * DAY_US, (FIRST_DAY + 200) * DAY_US),
    st.builds(lambda day, beside: day * DAY_US + beside, st.integers(FIRST_DAY, FIRST_DAY + 200), st.integers(-2, 2)),
)
days = st.integers(FIRST_DAY - 10, FIRST_DAY + 210)


def shown_in(found: ShownPieces, at_us: int) -> int:
    """In how many pieces an instant lies."""
    in_spans = sum(span.number == at_us // DAY_US >> GRAIN_BITS[span.grain] for span in found.spans)
    return in_spans + sum(each.after_us < at_us <= each.until_us for each in found.stretches)


@given(st.tuples(instants, instants), days, st.sets(days, max_size=5), st.lists(instants, max_size=20))
def test_each_instant_of_a_window_is_in_one_piece_and_no_other_instant_in_any(ends, next_day, changed, at):
    after_us, until_us = sorted(ends)
    found = pieces(ShownStretch(after_us, until_us), next_day, changed)

    for instant in [*at, after_us, after_us + 1, until_us, until_us + 1]:
        assert shown_in(found, instant) == (after_us < instant <= until_us), instant


@given(st.tuples(instants, instants), days, st.sets(days, max_size=5))
def test_no_piece_is_summed_of_days_that_are_not_or_that_changed_since(ends, next_day, changed):
    found = pieces(ShownStretch(*sorted(ends)), next_day, changed)

    for span in found.spans:
        held = range(span.number << GRAIN_BITS[span.grain], (span.number + 1) << GRAIN_BITS[span.grain])
        assert held[-1] < next_day
        assert not changed & set(held)


def test_whole_days_are_taken_in_spans_as_long_as_there_are():
    first = 64 * 313
    found = pieces(ShownStretch((first - 10) * DAY_US - 1, (first + 75) * DAY_US - 1), first + 80, ())

    assert found.spans == [
        Span(0, first - 10), Span(0, first - 9), Span(1, (first - 8) >> 3), Span(2, 313), Span(1, (first + 64) >> 3),
        Span(0, first + 72), Span(0, first + 73), Span(0, first + 74),
    ]  # fmt: skip
    assert found.stretches == []
