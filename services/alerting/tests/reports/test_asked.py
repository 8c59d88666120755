"""What a report may be asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from plaudit.alerting.reports.domain.asked import (
    DAYS,
    MAX_CLOCKS,
    MAX_DAYS,
    MAX_GROUPS,
    OF_REVIEWS,
    Dimension,
    InvalidReportError,
    TooMuchError,
    Window,
    dimensions_of,
    refuse_too_many_clocks,
    refuse_too_many_groups,
    window_of,
)
from plaudit.alerting.reports.domain.groups import Group, Key, in_order, key_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def test_without_a_time_it_is_the_last_ninety_days_and_what_comes():
    assert window_of(None, None, NOW) == Window(NOW - DAYS * DAY, NOW)
    assert window_of(None, None, NOW, coming_days=30) == Window(NOW - DAYS * DAY, NOW + 30 * DAY)
    assert window_of(None, NOW - 9 * DAY, NOW) == Window(NOW - (DAYS + 9) * DAY, NOW - 9 * DAY)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (NOW, NOW, "before"),
        (NOW, NOW - DAY, "before"),
        (NOW - (MAX_DAYS + 1) * DAY, NOW, "at most 3,660 days"),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(2, 1, 1, tzinfo=UTC), "1901 or later"),
    ],
)
def test_a_time_that_is_empty_too_long_or_too_early_is_refused(start, end, said):
    with pytest.raises(InvalidReportError, match=said) as refused:
        window_of(start, end, NOW)
    assert refused.value.field == "from"


def test_the_longest_time_is_taken_and_an_end_at_the_beginning_of_time_is_refused_in_words():
    assert window_of(NOW - MAX_DAYS * DAY, NOW, NOW) == Window(NOW - MAX_DAYS * DAY, NOW)
    with pytest.raises(InvalidReportError):
        window_of(None, datetime(1, 1, 1, tzinfo=UTC), NOW)


def test_it_is_told_by_two_things_at_most_and_by_what_there_is():
    assert dimensions_of([Dimension.WEEK, Dimension.WEEK, Dimension.OWNER]) == (Dimension.WEEK, Dimension.OWNER)
    with pytest.raises(InvalidReportError, match="at most 2"):
        dimensions_of([Dimension.WEEK, Dimension.OWNER, Dimension.SOURCE])
    with pytest.raises(InvalidReportError, match="cannot be told by `owner`; it can by `source`"):
        dimensions_of([Dimension.OWNER], OF_REVIEWS)


def test_too_much_is_refused_with_what_to_ask_for():
    refuse_too_many_clocks(MAX_CLOCKS)
    refuse_too_many_groups(MAX_GROUPS)
    with pytest.raises(TooMuchError, match="fewer days"):
        refuse_too_many_clocks(MAX_CLOCKS + 1)
    with pytest.raises(TooMuchError, match="smaller `depth`"):
        refuse_too_many_groups(MAX_GROUPS + 1)


def test_groups_have_names_for_people():
    by = (Dimension.SOURCE, Dimension.WEEK)
    assert key_of(by, ("s-1", "2026-03-02"), "Acme shop").names == ("Acme shop", "week of 2 March 2026")
    assert key_of((Dimension.MONTH, Dimension.METRIC), ("2026-03-01", "first_answer"), None).names == (
        "March 2026",
        "first answer",
    )
    assert key_of((Dimension.SEVERITY,), (None,), None).names == ("no severity",)


def test_groups_are_in_the_order_of_time_and_others_by_size():
    keys = [Key((value,), (value,)) for value in ("b", "a", "c")]
    groups = [Group(key, None) for key in keys]
    counts = dict(zip(keys, (1, 1, 5), strict=True))
    assert [group.key.values for group in in_order(groups, (Dimension.SUBJECT,), counts)] == [("c",), ("a",), ("b",)]
    assert [group.key.values for group in in_order(groups, (Dimension.WEEK,), counts)] == [("a",), ("b",), ("c",)]
