from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.pages.charts.dates import ticks

START = datetime(2026, 2, 27, 21, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(1980, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), timedelta(days=365 * 60)),
    st.integers(2, 8),
)
def test_dates_are_few_ascend_and_lie_in_the_time(first: datetime, length: timedelta, most: int) -> None:
    found = [tick.at for tick in ticks(first, first + length, most)]
    assert found == sorted(set(found))
    assert min(2, 1 + bool(length)) <= len(found) <= most
    assert first <= found[0]
    assert found[-1] <= first + length


@pytest.mark.parametrize(
    ("length", "most", "words"),
    [
        (timedelta(minutes=40), 5, ["27 Feb, 21:30", "21:45", "22:00"]),
        (timedelta(hours=5), 5, ["22:00", "23:00", "28 Feb", "01:00", "02:00"]),
        (timedelta(days=3), 5, ["28 Feb 2026", "1 Mar", "2 Mar"]),
        (timedelta(days=30), 5, ["2 Mar 2026", "9 Mar", "16 Mar", "23 Mar"]),
        (timedelta(days=150), 5, ["Mar 2026", "Apr", "May", "Jun", "Jul"]),
        (timedelta(days=330), 4, ["Apr", "Jul", "Oct", "2027"]),
        (timedelta(days=1800), 5, ["2027", "2028", "2029", "2030", "2031"]),
    ],
)
def test_dates_are_round_and_say_once_of_which_day_or_year_they_are(
    length: timedelta, most: int, words: list[str]
) -> None:
    assert [tick.words for tick in ticks(START, START + length, most)] == words


def test_dates_are_in_utc() -> None:
    there = timezone(timedelta(hours=9))
    found = ticks(START.astimezone(there), (START + timedelta(days=3)).astimezone(there), 5)
    assert [tick.at.hour for tick in found] == [0, 0, 0]


def test_one_instant_is_named_itself() -> None:
    assert [tick.words for tick in ticks(START, START, 5)] == ["27 Feb 2026"]
