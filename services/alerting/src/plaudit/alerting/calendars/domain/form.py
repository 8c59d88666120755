"""A calendar as the texts of a form, and back."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from plaudit.alerting.calendars.domain.calendar import (
    ALWAYS_NAME,
    MAX_OVERRIDES,
    MAX_REASON_CHARS,
    NAME_PATTERN,
    WEEKDAYS,
    InvalidCalendarError,
    Override,
)
from plaudit.alerting.calendars.domain.definition import BuiltInCalendarError, Definition
from plaudit.alerting.calendars.domain.holiday_lists import HolidayRule
from plaudit.alerting.calendars.domain.timeline import Interval
from plaudit.alerting.calendars.domain.writing import (
    CLOSED,
    UnreadableHoursError,
    interval_text,
    intervals_of,
    intervals_text,
)

NAME_RULE: Final = "A name has 1 to 32 small letters, digits, _ and -, and begins with a letter."
_LINE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\s+(closed|[0-9][0-9:,–-]*)(?:\s+(\S.*))?", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s*([,–-])\s*(?=[0-9]{1,2}:)")
_LINE_RULE: Final = "as 2026-12-24 09:00-12:00 Christmas Eve, or as 2026-12-31 closed New Year's Eve"
OFFICE: Final[Mapping[str, str]] = {
    "name": "",
    "zone": "Europe/Berlin",
    **dict.fromkeys(WEEKDAYS[:5], "09:00-17:00"),
    **dict.fromkeys(WEEKDAYS[5:], CLOSED),
    "country": "",
    "subdivision": "",
    "categories": "public",
    "overrides": "",
}
"""What the form of a new calendar begins with. Its keys are all fields."""


def form_of(definition: Definition, name: str) -> dict[str, str]:
    """Return a calendar as the texts of its form: field → text."""
    rule = definition.holidays
    hours = {day: intervals_text(each) for day, each in zip(WEEKDAYS, definition.week, strict=True)}
    return {
        "name": name,
        "zone": definition.zone,
        **hours,
        "country": "" if rule is None else rule.country,
        "subdivision": "" if rule is None else rule.subdivision or "",
        "categories": OFFICE["categories"] if rule is None else ", ".join(rule.categories),
        "overrides": "\n".join(_line(day, each) for day, each in sorted(definition.overrides.items())),
    }


def definition_typed(texts: Mapping[str, str]) -> tuple[Definition | None, dict[str, str]]:
    """Return the calendar of a form, or None and what is wrong with it: field → why. Each field is read by itself.

    Args:
        texts: of the fields that `form_of` has.
    """
    errors: dict[str, str] = {}
    if re.fullmatch(NAME_PATTERN, texts["name"]) is None:
        errors["name"] = NAME_RULE
    elif texts["name"] == ALWAYS_NAME:
        errors["name"] = str(BuiltInCalendarError()).replace("`", "")
    week: list[tuple[Interval, ...]] = []
    for day in WEEKDAYS:
        try:
            week.append(intervals_of(texts[day]))
        except UnreadableHoursError as error:
            errors[day] = _sentence(str(error))
    try:
        overrides = _overrides_typed(texts["overrides"])
    except ValueError as error:
        overrides = {}
        errors["overrides"] = str(error)
    if errors:
        return None, errors
    definition = Definition(zone=texts["zone"], week=tuple(week), overrides=overrides, holidays=_rule_typed(texts))
    return definition, {}


def error_of(error: InvalidCalendarError) -> dict[str, str]:
    """Return what is wrong with a calendar as a form says it: field → why."""
    _, part, *rest = error.pointer.split("/")
    fields = {"week": rest[0] if rest else WEEKDAYS[0], "holidays": rest[0] if rest else "country"}
    return {fields.get(part, part): _sentence(error.rule)}


def _rule_typed(texts: Mapping[str, str]) -> HolidayRule | None:
    if not texts["country"]:
        return None
    categories = tuple(filter(None, (each.strip() for each in texts["categories"].split(","))))
    return HolidayRule(texts["country"], texts["subdivision"] or None, categories)


def _overrides_typed(text: str) -> dict[date, Override]:
    """Return what the lines of a text say.

    Raises:
        ValueError: a line cannot be read; the text names it.
    """
    found: dict[date, Override] = {}
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MAX_OVERRIDES:
        raise ValueError(f"A calendar may have {MAX_OVERRIDES:,} overrides.")
    for number, line in lines:
        match = _LINE.fullmatch(_SPACES.sub(r"\1", line))
        if match is None:
            raise ValueError(f"Line {number} is not written {_LINE_RULE}.")
        written, hours, name = match.groups()
        try:
            day, intervals = date.fromisoformat(written), intervals_of(hours)
        except UnreadableHoursError as error:
            raise ValueError(f"Line {number}: {error}.") from None
        except ValueError:
            raise ValueError(f"Line {number}: there is no date {written}.") from None
        if day in found:
            raise ValueError(f"Line {number} is of a date that a line above is of, too: leave one of them.")
        if name and len(name) > MAX_REASON_CHARS:
            raise ValueError(f"Line {number}: a name has at most {MAX_REASON_CHARS} characters.")
        found[day] = Override(intervals, name or "")
    return found


def _line(day: date, override: Override) -> str:
    hours = ",".join(map(interval_text, override.intervals)) or CLOSED
    return f"{day} {hours} {override.name}".rstrip()


def _sentence(rule: str) -> str:
    return f"{rule[:1].upper()}{rule[1:].rstrip('.')}."
