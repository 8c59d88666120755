"""Which pieces a stretch of both times is made of: every instant of it is in exactly one."""

from hypothesis import assume, given
from hypothesis import strategies as st

from plaudit.scoring.cells.domain import (
    MAX_US,
    MIN_US,
    NOTHING,
    SPAN_DAYS,
    Cut,
    Grain,
    Spans,
    Stretch,
    cut,
    is_nearly_all,
    pieces,
    pieces_by_known,
)
from plaudit.scoring.profiles.domain import DAY_US

instants = st.one_of(
    st.integers(-200 * DAY_US, 30_000 * DAY_US),
    st.integers(-200, 30_000).map(lambda day: day * DAY_US),
    st.integers(0, 900).map(lambda month: month * SPAN_DAYS * DAY_US - 1),
)
bounds = st.one_of(st.none(), instants)


def holds(stretch: Stretch, at_us: int) -> bool:
    return stretch.from_us <= at_us < stretch.until_us


def in_spans(spans: Spans, at_us: int) -> bool:
    day = at_us // DAY_US
    index = {Grain.DAY: day, Grain.MONTH: day // SPAN_DAYS, Grain.ALL: 0}[spans.grain]
    return spans.first <= index < spans.end


@given(bounds, bounds, instants)
def test_an_instant_is_in_one_piece_if_it_is_in_the_stretch_and_else_in_none(
    from_us: int | None, until_us: int | None, at_us: int
) -> None:
    found = cut(from_us, until_us)

    inside = (from_us is None or from_us <= at_us) and (until_us is None or at_us < until_us)
    in_whole_days = sum(in_spans(spans, at_us) for spans in found.spans)
    assert in_whole_days + sum(holds(end, at_us) for end in found.ends) == inside
    assert in_whole_days == holds(found.whole, at_us)


@given(bounds, bounds)
def test_the_ends_are_shorter_than_a_day_and_the_spans_few(from_us: int | None, until_us: int | None) -> None:
    found = cut(from_us, until_us)

    assert all(end.until_us - end.from_us < 2 * DAY_US for end in found.ends)
    assert sum(spans.end - spans.first for spans in found.spans if spans.grain is Grain.DAY) <= 2 * SPAN_DAYS


@given(st.tuples(bounds, bounds), st.tuples(bounds, bounds), instants, instants)
def test_an_entry_is_in_one_piece_of_both_times_if_it_is_in_both_stretches(
    valid: tuple[int | None, int | None], known: tuple[int | None, int | None], valid_us: int, known_us: int
) -> None:
    cuts = cut(*valid), cut(*known, all_at_once=True)
    found = pieces(*cuts)

    in_cells = sum(in_spans(each.valid, valid_us) and in_spans(each.known, known_us) for each in found.cells)
    in_entries = sum(
        holds(each.valid, valid_us) and holds(each.known, known_us) for each in (*found.by_valid, *found.by_known)
    )
    assert in_cells + in_entries == (holds(cuts[0].stretch, valid_us) and holds(cuts[1].stretch, known_us))
    assert in_cells == (
        found.by_cells is not None and holds(found.by_cells.valid, valid_us) and holds(found.by_cells.known, known_us)
    )


@given(instants, st.tuples(bounds, instants), instants, instants)
def test_what_was_known_in_a_stretch_is_in_one_piece_but_for_what_is_ahead(
    valid_until_us: int, known: tuple[int | None, int], valid_us: int, known_us: int
) -> None:
    of_valid, of_known = cut(None, valid_until_us), cut(*known, all_at_once=True)
    assume(is_nearly_all(of_valid.stretch, of_known.stretch))
    found = pieces_by_known(of_valid.stretch, of_known)

    in_cells = sum(in_spans(each.valid, valid_us) and in_spans(each.known, known_us) for each in found.cells)
    in_entries = sum(holds(each.valid, valid_us) and holds(each.known, known_us) for each in found.by_known)
    is_ahead = holds(found.ahead.valid, valid_us) and holds(found.ahead.known, known_us)
    assert in_cells + in_entries - is_ahead == (holds(of_valid.stretch, valid_us) and holds(of_known.stretch, known_us))
    assert valid_us > known_us or not is_ahead
    assert in_cells == (holds(found.by_cells.valid, valid_us) and holds(found.by_cells.known, known_us))


def test_all_that_was_ever_known_is_one_span() -> None:
    all_time = Stretch(MIN_US, MAX_US)
    assert cut(None, None, all_at_once=True) == Cut(all_time, all_time, (Spans(Grain.ALL, 0, 1),), (NOTHING, NOTHING))


def test_whole_months_are_read_as_such_and_the_rest_by_day() -> None:
    found = cut((2 * SPAN_DAYS - 1) * DAY_US, (4 * SPAN_DAYS + 2) * DAY_US + 1)

    assert found.spans == (Spans(Grain.DAY, 63, 64), Spans(Grain.MONTH, 2, 4), Spans(Grain.DAY, 128, 130))
    assert found.ends[1] == Stretch(130 * DAY_US, 130 * DAY_US + 1)
    assert found.ends[0].from_us == found.ends[0].until_us
