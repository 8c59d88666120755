"""What a cell says: ratings, whole numbers, times, yes and no, ids. What can be read in two ways is refused."""

import hashlib
import re
from collections.abc import Collection
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

from plaudit.ingest.transfer.domain.advice import Advice
from plaudit.ingest.transfer.domain.rows import RowError

MAX_QUOTED_CHARS: Final = 80
DERIVED_PREFIX: Final = "derived-"
PLAIN_ENDS: Final = ("Z", "+00:00")
PLAIN_CHARS: Final = tuple(len("2026-05-01T10:00:00") + len(end) for end in PLAIN_ENDS)
DATE_ORDERS: Final = ("dmy", "mdy", "ymd")
YES: Final = frozenset({"true", "yes", "1", "y", "t", "on", "ja", "oui", "si", "sí"})
NO: Final = frozenset({"false", "no", "0", "n", "f", "off", "nein", "non", "nee"})

_DECIMAL: Final = r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,17}|,[0-9]{1,2})?"
_RATING: Final = re.compile(
    rf"({_DECIMAL})\s*(?:(?:/|of|out of|von|sur|de|di|su|van|av|z)\s*([0-9]{{1,3}}))?\s*"
    r"(?:stars?|sterne?|sternen|étoiles?|estrellas?|estrelas?|stell[ae]|sterren|bintang|stjärn(?:a|or)|gwiazd(?:ka|ki|ek))?",
    re.IGNORECASE,
)
_RATING_AFTER_BEST: Final = re.compile(
    rf"([0-9]{{1,3}})\s*(?:つ星のうち|y\u0131ld\u0131z üzerinden)\s*({_DECIMAL})\s*", re.IGNORECASE
)
"""As Japanese and Turkish say it, the best one first."""
_DIGIT: Final = {str(digit): digit for digit in range(10)}
_GLYPHS: Final = re.compile(r"([★⭐]{1,10})☆*")
_WORDS: Final = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
_WHOLE: Final = re.compile(r"([+-]?[0-9]{1,40})(?:\.0+)?")
_SPREADSHEET: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}")
_CLOCK: Final = r"(?:[T ,]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s*([AaPp][Mm])?)?"
_ZONE: Final = r"\s*(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_ISO: Final = re.compile(rf"([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_CLOCK}{_ZONE}")
_DIGITS: Final = re.compile(rf"([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{2}}|[0-9]{{4}}){_CLOCK}{_ZONE}")


def quoted(text: str) -> str:
    """Return a cell as a reason quotes it: escaped, and cut when it is long."""
    return repr(text) if len(text) <= MAX_QUOTED_CHARS else f"{text[:MAX_QUOTED_CHARS]!r}…"


def rating(text: str) -> tuple[float, int | None]:
    """Return a rating and, where the cell states it, the best one: `4`, `4,5`, `5 stars`, `4/5`, `★★★★☆`, `FOUR`.

    Raises:
        RowError: it is none of these, or no finite number.
    """
    if text in _DIGIT:
        return _DIGIT[text], None
    stripped = text.strip().replace("\ufe0f", "")
    if match := _RATING.fullmatch(stripped):
        number = float(match[1].replace(",", "."))
        return (int(number) if number.is_integer() else number), int(match[2]) if match[2] else None
    if match := _RATING_AFTER_BEST.fullmatch(stripped):
        number = float(match[2].replace(",", "."))
        return (int(number) if number.is_integer() else number), int(match[1])
    if match := _GLYPHS.fullmatch(stripped):
        return len(match[1]), None
    if stripped.upper() in _WORDS:
        return _WORDS[stripped.upper()], None
    raise RowError(f"{quoted(text)} is no rating, such as 4, 4.5, 4,5 or 4 stars")


def number(text: str) -> float:
    """Return a finite number.

    Raises:
        RowError: it is none.
    """
    if re.fullmatch(_DECIMAL, text.strip()) is None:
        raise RowError(f"{quoted(text)} is no number")
    found = float(text.strip().replace(",", "."))
    return int(found) if found.is_integer() else found


def whole_number(text: str) -> int:
    """Return a whole number exactly, however long.

    Raises:
        RowError: it is none, or a spreadsheet rounded it.
    """
    if match := _WHOLE.fullmatch(text.strip()):
        return int(match[1])
    raise RowError(f"{quoted(text)} is no whole number")


def yes_or_no(text: str, yes: Collection[str], no: Collection[str]) -> bool:
    """Return what a word says, in any case.

    Raises:
        RowError: it is neither one of `yes` nor of `no`.
    """
    word = text.strip().casefold()
    if word in yes:
        return True
    if word in no:
        return False
    raise RowError(f"{quoted(text)} says neither yes nor no: map it, for example verified=COLUMN|buyer:not-yet")


def given_id(text: str) -> str:
    """Return an id as it is written.

    Raises:
        RowError: a spreadsheet rounded it, so that different ids look the same.
    """
    stripped = text.strip()
    if "e" in stripped.lower() and _SPREADSHEET.fullmatch(stripped):
        raise RowError(
            f"{quoted(text)} is an id that a spreadsheet rounded, so that different ones look the same: export it as "
            "text, or map id=COLUMN|as-is"
        )
    return stripped


def from_link(text: str, parameter: str) -> str | None:
    """Return the value of a parameter in the query of a link; None if it has none."""
    try:
        values = parse_qs(urlsplit(text.strip()).query, max_num_fields=100).get(parameter)
    except ValueError:
        return None
    return values[0] if values else None


def derived_id(cells: list[str]) -> str | None:
    """Return an id made of several cells, always the same for the same ones; None if all of them are empty."""
    if not any(cells):
        return None
    digest = hashlib.sha256("\x1f".join(cell.strip() for cell in cells).encode())
    return f"{DERIVED_PREFIX}{digest.hexdigest()[:32]}"


def epoch(text: str, units_per_second: int) -> datetime:
    """Return the instant of a count since 1970.

    Args:
        text: digits.
        units_per_second: 1 for seconds, 1,000 for milliseconds.

    Raises:
        RowError: it is no such count, or beyond the year 9999.
    """
    count = whole_number(text)
    try:
        seconds, rest = divmod(count, units_per_second)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000_000 // units_per_second)
    except (OverflowError, ValueError, OSError) as error:
        raise RowError(f"{quoted(text)} is no count since 1970 in this unit") from error


def instant(text: str, zone: tzinfo | None, order: str | None) -> datetime:
    """Return the instant of a date, or of a date and time; a date alone is the beginning of its day.

    Args:
        text: RFC 3339, or like it, or a date of digits such as 05/03/2024.
        zone: of a time that states none; None to refuse it.
        order: `dmy`, `mdy` or `ymd` for dates of digits; None to refuse them.

    Raises:
        RowError: it is neither, it can be read in two ways, or it has no zone.
    """
    stripped = text.strip()
    if (plain := _plain(stripped)) is not None:
        return plain
    if match := _ISO.fullmatch(stripped):
        year, month, day = match[1], match[2], match[3]
    elif match := _DIGITS.fullmatch(stripped):
        if order is None:
            raise RowError(
                f"{quoted(text)} can be read in two ways: ",
                Advice("state the order of day, month and year, for example {dates:dmy}"),
            )
        parts = dict(zip(order, match.groups(), strict=False))
        year, month, day = parts["y"], parts["m"], parts["d"]
    else:
        raise RowError(
            f"{quoted(text)} is no date and time such as 2026-05-01T10:00:00Z; a relative one cannot be dated"
        )
    made = _made(text, int(year) + (2000 if len(year) == 2 else 0), int(month), int(day), match)
    if made.tzinfo is None:
        if zone is None:
            raise RowError(f"{quoted(text)} has no zone: ", Advice("state it, for example {zone:UTC}"))
        made = made.replace(tzinfo=zone)
    try:
        return made.astimezone(UTC)
    except OverflowError as error:
        raise RowError(f"{quoted(text)} is no time that can be kept") from error


def _plain(text: str) -> datetime | None:
    """Return the instant of a time as most files write it, at a fifth of the cost: with seconds, and in UTC."""
    if len(text) not in PLAIN_CHARS or text[4] + text[7] + text[10] + text[13] + text[16] != "--T::":
        return None
    if text[19:] not in PLAIN_ENDS:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _made(text: str, year: int, month: int, day: int, match: re.Match[str]) -> datetime:
    hour, minute, second, fraction, half, offset = match.groups()[3:]
    hours = int(hour or 0)
    try:
        if half:
            hours = _hour_of_day(hours, half)
        microseconds = int((fraction or "0").ljust(6, "0")[:6])
        zone = _zone(offset, hour is not None) if offset else None
        return datetime(year, month, day, hours, int(minute or 0), int(second or 0), microseconds, zone)
    except ValueError as error:
        raise RowError(f"{quoted(text)} is no date and time that exists ({error})") from error


def _hour_of_day(hour: int, half: str) -> int:
    if not 1 <= hour <= 12:
        raise ValueError("an hour with AM or PM is 1 to 12")
    return hour % 12 + (12 if half.lower() == "pm" else 0)


@lru_cache(maxsize=256)
def _zone(offset: str, has_clock: bool) -> tzinfo:
    if offset in {"Z", "z", "UTC", "GMT"}:
        return UTC
    if len(offset) == len("+02"):
        # As PostgreSQL writes it. After a day alone it may be anything.
        if not has_clock:
            raise ValueError("a zone of hours stands after a time")
        offset += "00"
    zone = datetime.strptime(offset, "%z").tzinfo
    assert zone is not None, "%z gives a zone"
    return zone
