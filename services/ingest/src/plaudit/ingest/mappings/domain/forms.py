"""A mapping as a form holds it: the path of each member, such as `fields.id`, and its text."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from plaudit.ingest.mappings.domain.guess import Guess
from plaudit.ingest.platforms.mapping import EVENTS, FIELDS, MappingSpec
from plaudit.ingest.reviews.domain.state import Kind

WORDED: Final = ("event", "rating", "kind", "verified", "removed")
"""The fields whose values can be words that stand for something."""
PROOF: Final = (
    *("kind", "header", "digest", "encoding", "prefix", "timestamp_header", "timestamp_form", "separator"),
    "id_header",
)
MEMBERS: Final = (
    "events",
    *(f"fields.{name}" for name in FIELDS),
    *(f"words.{name}" for name in WORDED),
    *(f"proof.{name}" for name in PROOF),
)
"""The path of each member that a form can hold."""
_KEPT_AS_TYPED: Final = ("proof.separator", "proof.prefix")
_FLAGS: Final = {"yes": True, "true": True, "no": False, "false": False}


class WrongWordsError(ValueError):
    """A line of words that cannot be read; the text says which and why."""


def written(spec: MappingSpec) -> dict[str, str]:
    """Return a mapping as a form holds it."""
    proof = {f"proof.{name}": getattr(spec.proof, name) or "" for name in PROOF}
    fields = {f"fields.{name}": text for name, text in spec.fields.items()}
    words = {f"words.{name}": _lines(table) for name, table in spec.words.items()}
    return {"events": spec.events or "", **fields, **words, **proof}


def of_guess(guess: Guess) -> dict[str, str]:
    """Return what was guessed as a form holds it; what was not is empty."""
    fields = {f"fields.{each.field}": each.expression for each in guess.fields}
    words = {f"words.{name}": _lines(table) for name, table in guess.words.items()}
    empty = {name: "" for name in MEMBERS if not name.startswith("proof.")}
    return {**empty, "events": guess.events or "", **fields, **words}


def read(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the mapping that a form says, and what is wrong with its words: the path of the member → why."""
    mapping: dict[str, Any] = {"fields": {}, "words": {}, "proof": {}}
    wrong: dict[str, str] = {}
    for path in MEMBERS:
        text = typed.get(path, "")
        text = text if path in _KEPT_AS_TYPED else text.strip()
        group, _, name = path.partition(".")
        if path == "proof.separator":
            mapping[group][name] = text
        elif not text:
            continue
        elif not name:
            mapping[path] = text
        elif group == "words":
            try:
                mapping[group][name] = read_words(name, text)
            except WrongWordsError as error:
                wrong[path] = str(error)
        else:
            mapping[group][name] = text
    return mapping, wrong


def read_words(field: str, text: str) -> dict[str, Any]:
    """Return what the words of a field stand for: one a line, as `FIVE = 5`.

    Raises:
        WrongWordsError: a line says none.
    """
    table: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        word, equals, meant = (part.strip() for part in line.rpartition("="))
        if not equals or not word or not meant:
            raise WrongWordsError(f"Line {number} is not written as: their word = what it stands for.")
        if word in table:
            raise WrongWordsError(f"Line {number} has a word that stands above it already.")
        try:
            table[word] = _MEANT[field](meant)
        except (KeyError, ValueError):
            raise WrongWordsError(f"What line {number} stands for must be {_WANTED[field]}.") from None
    return table


def _lines(table: Mapping[str, object]) -> str:
    return "\n".join(f"{word} = {_shown(value)}" for word, value in table.items())


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    return lambda text: {each: each for each in choices}[text.casefold()]


_KINDS: Final = tuple(kind.value for kind in Kind)
_MEANT: Final[Mapping[str, Callable[[str], Any]]] = {
    "event": _one_of(EVENTS),
    "kind": _one_of(_KINDS),
    "rating": lambda text: float(text.replace(",", ".")),
    "verified": lambda text: _FLAGS[text.casefold()],
    "removed": lambda text: _FLAGS[text.casefold()],
}
_WANTED: Final[Mapping[str, str]] = {
    "event": f"one of {', '.join(EVENTS)}",
    "kind": f"one of {', '.join(_KINDS)}",
    "rating": "a number",
    "verified": "yes or no",
    "removed": "yes or no",
}
