"""A time is RFC 3339 text wherever it comes in."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from plaudit.common.http import Instant

INSTANT = TypeAdapter(Instant)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01T12:00:00Z", "2026-03-01t12:00:00z", "2026-03-01T12:00:00.000000Z"),
        *("2026-03-01T12:00:00+00:00", "2026-03-01T17:30:00+05:30", "2026-03-01T00:00:00-12:00"),
    ],
)
def test_rfc_3339_is_read_as_the_instant_that_it_is(text: str) -> None:
    assert INSTANT.validate_python(text) == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert INSTANT.validate_json(f'"{text}"') == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *("0.5", "0", "1772366400", "-1", "1e9", "", "now", "2026-03-01", "2026-03-01T12:00Z", "2026-03-01T12:00:00"),
        *("2026-03-01 12:00:00Z", "2026-03-01T12:00:00+0100", "2026-13-01T12:00:00Z", "2026-02-30T12:00:00Z"),
        *(
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-03-01T12:00:00Z\n",
            "P1D",
            0.5,
            0,
            None,
            True,
        ),
    ],
)
def test_what_is_not_rfc_3339_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(value)


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60Z", "2017-01-01T05:29:60.5+05:30"])
def test_a_leap_second_is_refused_with_what_to_write_in_its_place(text: str) -> None:
    with pytest.raises(ValidationError, match="seconds go from 00 to 59: write a leap second as the second before"):
        INSTANT.validate_python(text)


def test_the_schema_says_date_time() -> None:
    schema = INSTANT.json_schema()
    assert (schema["type"], schema["format"]) == ("string", "date-time")
