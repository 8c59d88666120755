"""Texts of pages in several languages.

A template says its texts in English: `{{ _("Open requests") }}`, or with values, `{{ _("All %(count)s", count=…) }}`. A
catalogue is a file of TOML with the same texts in another language; what it lacks is shown in English.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from jinja2 import pass_context
from jinja2.runtime import Context

Text = str | Sequence[str]
"""A text; of a noun with its number, its forms."""

PLURALS: Final[Mapping[str, Callable[[int], int]]] = {
    "de": lambda number: int(number != 1),
    "en": lambda number: int(number != 1),
}
"""Language → which form of a noun stands with a number (the plural forms of gettext)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language of the pages."""

    code: str
    """As in the attribute `lang` of HTML."""
    name: str
    """In the language itself."""
    direction: str = "ltr"
    texts: Mapping[str, Text] = field(default_factory=dict)
    """English text → the same in this language."""

    def text(self, english: str) -> str:
        """Return a text in this language; in English where the catalogue lacks it."""
        found = self.texts.get(english, english)
        return found if isinstance(found, str) else found[0]

    def form(self, one: str, many: str, number: int) -> str:
        """Return the form of a text that stands with a number."""
        found = self.texts.get(one)
        if found is None or isinstance(found, str):
            return one if number == 1 else many
        return found[PLURALS[self.code](number)]


def read_languages(package: str, english: Language) -> dict[str, Language]:
    """Return the languages of the catalogues in the folder `catalogue` of a package, English first.

    Raises:
        KeyError: a catalogue without its name, or of a language whose plural forms are not known here.
    """
    found = {english.code: english}
    for file in sorted(files(package).joinpath("catalogue").iterdir(), key=lambda each: each.name):
        code = file.name.removesuffix(".toml")
        read: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        if code not in PLURALS:
            raise KeyError(f"the plural forms of {code!r} are not known: add them to PLURALS")
        direction = read.get("direction", "ltr")
        found[code] = Language(code=code, name=read["name"], direction=direction, texts=read["texts"])
    return found


@pass_context
def translated(context: Context, english: str) -> str:
    """Return a text in the language of the page, as templates call it."""
    language: Language = context["language"]
    return language.text(english)


@pass_context
def translated_form(context: Context, one: str, many: str, number: int) -> str:
    """Return the form of a text that stands with a number, as templates call it."""
    language: Language = context["language"]
    return language.form(one, many, number)
