"""Units of time are opened until the newest review and the middle of the weight are found."""

from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.figures.domain.ages import Unit, UnitKind, middle_of, newest_first, start_of, to_open
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
