"""How the public pages write instants: in words of the reader's language, with the zone said."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple


class Calendar(NamedTuple):
    """How a language writes a date and a time."""

    months: tuple[str, ...]
    pattern: str
    """With `day`, `month`, `year` and `time`."""


def _months(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CALENDARS: Final[Mapping[str, Calendar]] = {
    "en": Calendar(
        _months("January February March April May June July August September October November December"),
        "{day} {month} {year}, {time} UTC",
    ),
    "de": Calendar(
        _months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        "{day}. {month} {year}, {time} Uhr UTC",
    ),
    "es": Calendar(
        _months("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        "{day} de {month} de {year}, {time} UTC",
    ),
    "fr": Calendar(
        _months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        "{day} {month} {year}, {time} UTC",
    ),
    "it": Calendar(
        _months("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        "{day} {month} {year}, {time} UTC",
    ),
    "nl": Calendar(
        _months("januari februari maart april mei juni juli augustus september oktober november december"),
        "{day} {month} {year}, {time} UTC",
    ),
    "ar": Calendar(
        _months("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
        "{day} {month} {year}، {time} UTC",
    ),
    "he": Calendar(
        _months("בינואר בפברואר במרץ באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר"),
        "{day} {month} {year}, {time} UTC",
    ),
}
"""Language → how it writes instants; the languages are those of `wording`."""


def instant(at: datetime, language: str) -> str:
    """Return an instant in words, such as `30 November 2026, 06:00 UTC`."""
    own = CALENDARS[language]
    utc = at.astimezone(UTC)
    return own.pattern.format(day=utc.day, month=own.months[utc.month - 1], year=utc.year, time=f"{utc:%H:%M}")
