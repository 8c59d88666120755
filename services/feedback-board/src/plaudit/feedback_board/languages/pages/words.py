"""Dates, numbers and counted nouns, as a language says them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from plaudit.common.pages.languages import Language


class Words:
    """What templates call to say a value in one language."""

    def __init__(self, language: Language) -> None:
        """Take the language."""
        self.language = language

    def day(self, moment: datetime) -> str:
        """Return a day as `7 March 2026` (UTC)."""
        month = self.language.text(f"{moment:%B}")
        return self.language.text("%(day)s %(month)s %(year)s") % {
            "day": moment.day,
            "month": month,
            "year": moment.year,
        }

    def number(self, value: int) -> str:
        """Return a whole number with its thousands apart: `1,204`."""
        return f"{value:,}".replace(",", self.language.text(","))

    def count(self, value: int, one: str, many: str | None = None) -> str:
        """Return a number with its noun: `1 vote`, `1,204 votes`."""
        return f"{self.number(value)} {self.noun(value, one, many)}"

    def noun(self, value: int, one: str, many: str | None = None) -> str:
        """Return the form of a noun that stands with a number."""
        return self.language.form(one, many or f"{one}s", value)

    def decimal(self, value: Decimal | None) -> str | None:
        """Return a decimal without an exponent or trailing zeros: `2`, `0.5`, `29.33`."""
        return None if value is None else format(value.normalize(), "f").replace(".", self.language.text("."))

    def weeks(self, effort_weeks: Decimal) -> str:
        """Return an effort as `0.5 person-weeks`."""
        return f"{self.decimal(effort_weeks)} {self.noun(1 if effort_weeks == 1 else 2, 'person-week')}"

    def stars(self, rating: float) -> str:
        """Return a rating as `4 of 5 stars`, to the nearest half."""
        halves = f"{int(rating * 2 + 0.5) / 2:g}".replace(".", self.language.text("."))
        return self.language.text("%(rating)s of 5 stars") % {"rating": halves}

    def say(self, english: str, **values: Any) -> str:
        """Return a text with its values."""
        return self.language.text(english) % values
