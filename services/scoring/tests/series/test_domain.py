"""Steps of a calendar, and scores at their ends, as values."""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import BUILT_IN, DAY_US, LIFETIME, TRUST, Profile
from plaudit.scoring.series.domain import (
    MAX_STEPS,
    InvalidSpanError,
    Point,
    Span,
    Step,
    StepDays,
    StepStretch,
    in_days,
    points,
    spans,
    usual_start,
    zone_named,
)
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit.scoring.sums.domain.kept import NOTHING_KEPT, KeptSums, added, block_of, kept_share
from plaudit.scoring.sums.domain.parts import KeptPart, KeptStep, Part, StepPart, parts_for
from plaudit_testing.scored import read_for
from plaudit_testing.shared import shared

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as it asks for
ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana", "Asia/Kathmandu"),
        *("Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Gaza"),
    ]
).map(ZoneInfo)


def cut(start: str, end: str, step: Step = Step.DAY, zone: str = "Europe/Berlin") -> list[Span]:
    return spans(datetime.fromisoformat(start), datetime.fromisoformat(end), step, ZoneInfo(zone))


def hours(found: list[Span]) -> list[float]:
    return [(each.end - each.start) / timedelta(hours=1) for each in found]


@pytest.mark.parametrize(
    ("around", "zone", "lengths"),
    [
        (("2026-03-28T00:00+01:00", "2026-03-31T00:00+02:00"), "Europe/Berlin", [24, 23, 24]),
        (("2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00"), "Europe/Berlin", [24, 25, 24]),
        (("2015-10-17T00:00-03:00", "2015-10-19T00:00-02:00"), "America/Sao_Paulo", [24, 23]),  # midnight is left out
        (("2026-04-04T00:00+11:00", "2026-04-06T00:00+10:30"), "Australia/Lord_Howe", [24, 24.5]),
        (("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00"), "Pacific/Apia", [24, 24]),  # there was no 30 December
    ],
)
def test_days_are_as_long_as_they_are(around: tuple[str, str], zone: str, lengths: list[float]) -> None:
    assert hours(cut(*around, zone=zone)) == lengths


@pytest.mark.parametrize(
    ("end", "step", "begins"),
    [
        ("2026-06-30T12:00+02:00", Step.HOUR, "2026-04-01T00:00+02:00"),
        ("2026-06-30T12:00+02:00", Step.DAY, "2026-04-01T00:00+02:00"),
        ("2026-06-30T12:00+02:00", Step.WEEK, "2026-03-30T00:00+02:00"),
        ("2026-06-29T12:00+02:00", Step.MONTH, "2026-03-01T00:00+01:00"),
        ("1900-01-20T00:00+00:00", Step.DAY, "1900-01-01T00:00+00:00"),
        ("0001-01-01T00:00+00:00", Step.DAY, "1900-01-01T00:00+00:00"),
    ],
)
def test_a_series_that_says_only_its_end_begins_with_the_step_that_was_90_days_before(
    end: str, step: Step, begins: str
) -> None:
    assert usual_start(datetime.fromisoformat(end), step, BERLIN) == datetime.fromisoformat(begins)


@given(TIMES, st.sampled_from(Step), ZONES)
def test_a_usual_series_begins_at_a_whole_step_90_to_121_days_before(end: datetime, step: Step, zone: ZoneInfo) -> None:
    begins = usual_start(end, step, zone)

    found = spans(begins, end, step, zone)
    assert timedelta(days=90) <= end - begins <= timedelta(days=122)
    assert found[0].start == begins
    # A whole one: the step before it ends there.
    assert spans(begins - timedelta(minutes=1), end, step, zone)[0].end == begins


def test_a_day_whose_midnight_is_left_out_begins_when_clocks_go_on() -> None:
    [_, day] = cut("2015-10-17T00:00-03:00", "2015-10-19T00:00-02:00", zone="America/Sao_Paulo")

    assert (day.start, day.label) == (datetime(2015, 10, 18, 3, tzinfo=UTC), "2015-10-18")


def test_the_hour_that_clocks_show_twice_is_two_hours() -> None:
    found = cut("2026-10-25T01:00+02:00", "2026-10-25T04:00+01:00", Step.HOUR)

    assert [each.label for each in found] == [
        *("2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"),
    ]


@pytest.mark.parametrize(
    ("around", "zone", "labels", "lengths"),
    [
        (
            ("2026-10-04T01:00+10:30", "2026-10-04T04:00+11:00"),
            "Australia/Lord_Howe",
            ["2026-10-04T01:00+10:30", "2026-10-04T02:00+10:30", "2026-10-04T03:00+11:00"],
            [1, 0.5, 1],  # at two it is half past
        ),
        (
            ("2026-04-05T00:00+11:00", "2026-04-05T03:00+10:30"),
            "Australia/Lord_Howe",
            ["2026-04-05T00:00+11:00", "2026-04-05T01:00+11:00", "2026-04-05T02:00+10:30"],
            [1, 1.5, 1],  # at two it is half past one again
        ),
        (
            ("1985-12-31T23:00+05:30", "1986-01-01T02:00+05:45"),
            "Asia/Kathmandu",
            ["1985-12-31T23:00+05:30", "1986-01-01T00:00+05:30", "1986-01-01T01:00+05:45"],
            [1, 0.75, 1],  # at midnight it is a quarter past
        ),
        (
            ("2026-03-29T00:00+00:00", "2026-03-29T04:00+02:00"),
            "Antarctica/Troll",
            ["2026-03-29T00:00+00:00", "2026-03-29T03:00+02:00"],
            [1, 1],  # at one it is three
        ),
    ],
)
def test_an_hour_whose_beginning_is_left_out_begins_when_clocks_go_on(
    around: tuple[str, str], zone: str, labels: list[str], lengths: list[float]
) -> None:
    found = cut(*around, Step.HOUR, zone)

    assert [each.label for each in found] == labels
    assert hours(found) == lengths


def test_hours_that_clocks_show_twice_from_a_minute_past_on_have_labels_of_their_own() -> None:
    found = cut("2010-11-06T23:00-02:30", "2010-11-07T01:00-03:30", Step.HOUR, "America/St_Johns")

    assert [each.label for each in found] == [
        "2010-11-06T23:00-02:30",
        "2010-11-07T00:00-02:30",
        "2010-11-06T23:00-03:30",  # at a minute past midnight it is a minute past eleven again
        "2010-11-07T00:00-03:30",
    ]
    assert hours(found) == pytest.approx([1, 1 / 60, 59 / 60, 1])


def test_a_part_of_an_hour_is_called_as_the_whole_one_is() -> None:
    [late] = cut("2026-04-05T01:45+10:30", "2026-04-05T02:00+10:30", Step.HOUR, "Australia/Lord_Howe")

    assert late.label == "2026-04-05T01:00+11:00"


def changes_of_clocks(year: int, zone: ZoneInfo) -> list[datetime]:
    """The beginnings of the days of a year, in UTC, in which a zone's clocks are changed."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return [day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after]


@given(st.integers(1950, 2099), ZONES)
def test_all_of_a_step_is_in_the_hour_that_it_is_called_after(year: int, zone: ZoneInfo) -> None:
    for day in changes_of_clocks(year, zone):
        for each in spans(day, day + timedelta(hours=25), Step.HOUR, zone):
            shown = {f"{instant.astimezone(zone):%Y-%m-%dT%H}" for instant in (each.start, each.last)}

            assert shown == {each.label[:13]}


def test_weeks_are_those_of_iso_8601_and_months_those_of_the_calendar() -> None:
    weeks = cut("2026-12-20T00:00+01:00", "2027-01-11T00:00+01:00", Step.WEEK)
    months = cut("2025-12-31T12:00+01:00", "2026-03-01T00:00+01:00", Step.MONTH)

    assert [each.label for each in weeks] == ["2026-W51", "2026-W52", "2026-W53", "2027-W01"]
    assert [each.start.astimezone(BERLIN).weekday() for each in weeks] == [6, 0, 0, 0]
    assert [each.label for each in months] == ["2025-12", "2026-01", "2026-02"]


def test_weeks_are_the_published_ones() -> None:
    vectors = json.loads(shared("vectors", "calendar_iso_weeks_dst.json").read_text(encoding="utf-8"))["iso_weeks"]
    for each in vectors["published"]:
        [span] = cut(f"{each['date']}T00:00+00:00", f"{each['date']}T01:00+00:00", Step.WEEK, "UTC")
        assert span.label == each["iso_label_computed"]
    for year in vectors["years_with_53_weeks"]:
        [span] = cut(f"{year}-12-31T00:00+00:00", f"{year}-12-31T01:00+00:00", Step.WEEK, "UTC")
        assert span.label == f"{year}-W53"


@given(TIMES, st.timedeltas(timedelta(microseconds=1), timedelta(days=200)), st.sampled_from(Step), ZONES)
def test_steps_cover_the_time_without_gap_or_overlap(
    start: datetime, length: timedelta, step: Step, zone: ZoneInfo
) -> None:
    found = spans(start, start + length, step, zone)

    assert (found[0].start, found[-1].end) == (start, start + length)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(each.start < each.end for each in found)
    assert len({each.label for each in found}) == len(found)


@given(TIMES, st.sampled_from([Step.DAY, Step.WEEK, Step.MONTH]), ZONES)
def test_every_instant_of_a_step_is_on_its_days(start: datetime, step: Step, zone: ZoneInfo) -> None:
    form = {Step.DAY: "%Y-%m-%d", Step.WEEK: "%G-W%V", Step.MONTH: "%Y-%m"}[step]
    for each in spans(start, start + timedelta(days=70), step, zone):
        assert {f"{at.astimezone(zone):{form}}" for at in (each.start, each.last)} == {each.label}


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("2026-01-01T00:00+00:00", "2026-01-01T00:00+00:00", "to"),
        ("2026-01-02T00:00+00:00", "2026-01-01T00:00+00:00", "to"),
        ("1899-12-31T00:00+00:00", "2026-01-01T00:00+00:00", "from"),
        ("2026-01-01T00:00+00:00", "9999-12-31T00:00+00:00", "to"),
        ("1950-01-01T00:00+00:00", "2026-01-01T00:00+00:00", "to"),
    ],
)
def test_a_time_that_cannot_be_cut_is_refused_by_name(start: str, end: str, field: str) -> None:
    with pytest.raises(InvalidSpanError) as raised:
        cut(start, end)
    assert raised.value.field == field


def test_as_many_steps_as_are_allowed_are_cut() -> None:
    assert len(spans(START, START + timedelta(days=MAX_STEPS), Step.DAY, ZoneInfo("UTC"))) == MAX_STEPS


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "/etc/localtime", "\0", "Europe"])
def test_a_zone_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(InvalidSpanError, match="one is for example"):
        zone_named(name)


edges = st.lists(st.integers(-3 * 24, 9 * 24), min_size=2, max_size=12, unique=True).map(sorted)


@given(edges, st.integers(-4 * 24, 10 * 24 - 1), st.booleans())
def test_an_instant_counts_once_in_its_own_step_and_in_no_other(edges: list[int], at: int, may_subtract: bool) -> None:
    hour_us = DAY_US // 24
    days, stretches = in_days([each * hour_us for each in edges], may_subtract=may_subtract)
    own = next((step for step, (start, end) in enumerate(pairwise(edges)) if start <= at < end), None)

    counted = Counter(each.step for each in days if each.first <= at // 24 < each.end)
    for each in stretches:
        if each.from_us <= at * hour_us < each.until_us:
            counted[each.owner] -= each.owner >= 0
            counted[own] += own is not None
    assert {step: n for step, n in counted.items() if n} == ({} if own is None else {own: 1})
    assert may_subtract or all(each.owner < 0 for each in stretches)


def test_of_a_day_that_a_step_begins_on_the_shorter_piece_is_read() -> None:
    edges_us = [0, DAY_US + DAY_US // 24, 3 * DAY_US]

    assert in_days(edges_us, may_subtract=True) == (
        [StepDays(0, 1, 0), StepDays(2, 3, 1), StepDays(1, 2, 1)],
        [StepStretch(DAY_US, edges_us[1], 1)],
    )


def part(rating: float, rated_at: datetime, traits: int = 1) -> KeptPart:
    block, kept = kept_share(rating, unix_us(rated_at))
    return KeptPart(None, traits, block, kept)


def of(profile: Profile, *parts: KeptPart) -> list[Part]:
    return parts_for(parts, profile.half_life_us)


def step_of(profile: Profile, step: KeptStep) -> StepPart:
    [found] = of(profile, step.part)
    return StepPart(step.step, found, step.rated)


def merged_with(parts: list[KeptPart], more: KeptPart) -> list[KeptPart]:
    same = [each for each in parts if each.block == more.block and each.traits == more.traits]
    kept = added(same[0].kept if same else NOTHING_KEPT, more.kept)
    return [each for each in parts if each not in same] + [more._replace(kept=kept)]


@pytest.mark.parametrize("profile", [*BUILT_IN.values()], ids=lambda each: each.name)
@pytest.mark.parametrize("seed", range(5))
def test_each_point_is_the_score_of_all_until_then(profile: Profile, seed: int) -> None:
    chance = random.Random(seed)
    steps = spans(START - timedelta(days=3000), START, Step.WEEK, BERLIN)
    before = [part(4.0, steps[0].start - timedelta(days=100))]
    changes = [
        KeptStep(number, part(float(chance.randrange(1, 6)), steps[number].start), 1)
        for number in sorted(chance.choices(range(len(steps)), k=40))
    ]

    found = [*points(profile, of(profile, *before), [step_of(profile, each) for each in changes], steps)]

    until = before
    left = [*changes]
    for number, point in enumerate(found):
        while left and left[0].step == number:
            until = merged_with(until, left.pop(0).part)
        wanted = read_for(profile, until, unix_us(point.span.last))
        assert (point.score.count, point.score.distribution) == (wanted.count, wanted.distribution)
        assert point.score.value == pytest.approx(wanted.value, rel=1e-12)
        assert point.new_reviews == sum(each.step == number for each in changes)


def test_steps_without_changes_have_points_and_age() -> None:
    steps = spans(START, START + timedelta(days=4), Step.DAY, BERLIN)
    changes = [step_of(TRUST, KeptStep(1, part(5.0, steps[1].start), 1))]

    found = [*points(TRUST, [], changes, steps)]

    assert [point.score.score is None for point in found] == [True, False, False, False, False]
    assert [point.new_reviews for point in found] == [0, 1, 0, 0, 0]
    values = [point.score.value for point in found[1:]]
    assert values == sorted(values, reverse=True)


def test_reviews_of_other_kinds_are_not_counted_as_new() -> None:
    steps = spans(START, START + timedelta(days=1), Step.DAY, ZoneInfo("UTC"))
    nps = 13

    [point] = points(LIFETIME, [], [step_of(LIFETIME, KeptStep(0, part(5.0, START, traits=nps), 1))], steps)

    assert (point.new_reviews, point.score.count, point.score.score) == (0, 0, None)


def test_a_frozen_score_stands_still_between_reviews() -> None:
    frozen = Profile(
        name="frozen", half_life_days=30, prior_weight=7, prior_value=3.5, kinds=TRUST.kinds, is_frozen=True
    )
    steps = spans(START, START + timedelta(days=3), Step.DAY, ZoneInfo("UTC"))

    found: list[Point] = [*points(frozen, of(frozen, part(5.0, START - timedelta(days=9))), [], steps)]

    assert [point.score.value for point in found] == [pytest.approx((7 * 3.5 + 5) / 8)] * 3


def test_rows_of_a_block_are_added_and_the_newest_stays() -> None:
    one, other = (kept_share(rating, unix_us(START))[1] for rating in (1.0, 4.0))

    both = added(one, other._replace(newest_us=0))

    assert (both.n1, both.n4, both.total, both.newest_us) == (1, 1, 5.0, unix_us(START))
    assert added(NOTHING_KEPT, one) == one
    assert isinstance(both, KeptSums)
    assert block_of(unix_us(START)) == part(1.0, START).block
