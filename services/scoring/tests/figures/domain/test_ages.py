"""Units of time are opened until the newest review and the middle of the weight are found."""

from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.cells.domain import Grain, Spans
from plaudit.scoring.figures.domain.ages import (
    Piece,
    Rest,
    Unit,
    UnitKind,
    days_read,
    middle_of,
    newest_first,
    pieces_of,
    rest_of,
    start_of,
    to_open,
)
from plaudit.scoring.profiles.domain import DAY_US

# When reviews were rated, in microseconds, and what each weighs.
reviews = st.lists(
    st.tuples(st.integers(-40 * DAY_US, 200 * DAY_US), st.sampled_from([1.0, 2.0, 0.5])), min_size=1, max_size=30
)


def units_of(kind: UnitKind, chosen: list[tuple[int, float]]) -> list[Unit]:
    found: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for us, weight in chosen:
        days = us // DAY_US
        place = (
            (us, us + 1) if kind is UnitKind.INSTANT else start_of(kind, days // 32 if kind is UnitKind.MONTH else days)
        )
        found.setdefault(place, []).append((us, weight))
    return [
        Unit(
            kind,
            *place,
            n=len(each),
            weight=sum(weight for _, weight in each),
            newest_us=max(us for us, _ in each) if kind in {UnitKind.PART, UnitKind.INSTANT} else None,
        )
        for place, each in found.items()
    ]


@given(reviews)
def test_the_newest_review_and_the_middle_of_the_weight_are_those_of_all_reviews(
    rated: list[tuple[int, float]],
) -> None:
    units = newest_first(units_of(UnitKind.MONTH, rated))

    opened = 0
    while (unit := to_open(units)) is not None:
        within = [each for each in rated if unit.from_us <= each[0] < unit.until_us]
        is_newest = unit is units[0] and unit.newest_us is None
        finer = UnitKind.DAY if unit.kind is UnitKind.MONTH else UnitKind.PART if is_newest else UnitKind.INSTANT
        units = newest_first([*(each for each in units if each is not unit), *units_of(finer, within)])
        opened += 1

    half = sum(weight for _, weight in rated) / 2
    middle = max(us for us, _ in rated if sum(weight for other, weight in rated if other >= us) >= half)
    assert units[0].newest_us == max(us for us, _ in rated)
    assert middle_of(units).from_us == middle
    assert opened <= 5


def test_units_without_reviews_are_left_out() -> None:
    assert newest_first([Unit(UnitKind.DAY, 0, DAY_US, 0, 0.0)]) == []


def times_counted(rest: Rest, at_us: int) -> int:
    """How many times a review that was rated then counts in the rest of a unit."""
    found = 0
    for piece in rest.pieces:
        for grain, first, end in piece.spans:
            days = 32 if grain is Grain.MONTH else 1
            found += piece.sign * (first <= at_us // DAY_US // days < end)
        found += piece.sign * sum(each.from_us <= at_us < each.until_us for each in piece.stretches)
    return found


@given(st.integers(-200 * DAY_US, 200 * DAY_US), st.integers(-3, 3), st.data())
def test_the_rest_of_a_unit_is_what_of_it_was_rated_since(from_us: int, months: int, data: st.DataObject) -> None:
    first_day = 32 * months
    rest = rest_of(from_us, first_day)

    days = 1 if from_us >= first_day * DAY_US else 32
    assert rest.until_us == (from_us // (days * DAY_US) + 1) * days * DAY_US
    near = st.integers(from_us - 40 * DAY_US, from_us + 40 * DAY_US) | st.sampled_from([from_us, from_us - 1])
    for at_us in data.draw(st.lists(near | st.sampled_from([rest.until_us, rest.until_us - 1]))):
        assert times_counted(rest, at_us) == (from_us <= at_us < rest.until_us)
    assert sum(each.until_us - each.from_us for piece in rest.pieces for each in piece.stretches) <= DAY_US / 2
    whole = [span for piece in rest.pieces for span in piece.spans if span.grain is Grain.DAY]
    assert sum(span.end - span.first for span in whole) <= 16


def test_days_that_several_pieces_have_are_read_once() -> None:
    day, month = Grain.DAY, Grain.MONTH
    pieces = [
        Piece(1, (Spans(day, 10, 20), Spans(month, 0, 4)), ()),
        Piece(-1, (Spans(day, 30, 31), Spans(day, 40, 40)), ()),
        Piece(1, (Spans(day, 18, 25), Spans(day, 12, 14), Spans(day, 25, 26)), ()),
    ]

    assert days_read(pieces) == [(10, 26), (30, 31)]


@given(st.integers(-(10**15), 10**15), st.integers(0, 100 * DAY_US))
def test_pieces_add_up_to_their_stretch_and_read_hardly_more_than_a_day(start: int, length: int) -> None:
    pieces = pieces_of(start, start + length)

    def of(instant: int) -> int:
        """How often an instant counts."""
        found = 0
        for piece in pieces:
            found += piece.sign * sum(each.from_us <= instant < each.until_us for each in piece.stretches)
            for span in piece.spans:
                days = 32 if span.grain is Grain.MONTH else 1
                found += piece.sign * (span.first * days * DAY_US <= instant < span.end * days * DAY_US)
        return found

    for instant in (start, start + length // 2, start + length - 1):
        assert of(instant) == (length > 0)
    for outside in (start - 1, start + length, start - DAY_US // 2, start + length + DAY_US // 2):
        assert of(outside) == 0
    read = sum(each.until_us - each.from_us for piece in pieces for each in piece.stretches)
    assert read <= min(length, DAY_US)


@given(reviews, st.floats(0, 1), st.floats(0, 1))
def test_more_of_the_weight_is_reached_later(rated: list[tuple[int, float]], one: float, other: float) -> None:
    units = newest_first(units_of(UnitKind.INSTANT, rated))
    less, more = sorted((one, other))

    assert middle_of(units, more).from_us <= middle_of(units, less).from_us
    assert middle_of(units, 0.0) is units[0]
