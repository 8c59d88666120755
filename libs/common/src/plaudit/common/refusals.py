"""What a command refuses to do, in words that are shown to whoever asked: on a terminal and on a page.

They begin in lower case and have no full stop, since a command line says more around them; a page makes a sentence.
"""

from typing import Final

_ENDS: Final = (".", "?", "!", "…")
"""What a sentence ends with."""


class RefusedError(ValueError):
    """The command cannot be done as things are; the text says why."""


class WrongInputError(RefusedError):
    """What was given cannot be right, whatever the database holds; the text says what would be."""


def sentence(error: Exception | str) -> str:
    """Return what was refused as a sentence of a page: with a capital letter and a full stop. Empty stays empty."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}{'' if not text or text.endswith(_ENDS) else '.'}"


def rule_in_words(said: str) -> str:
    """Return the rule that a value breaks, without the words that pydantic and typer put before it."""
    return said.replace("Value error, ", "")
