"""Texts as PostgreSQL takes them: with neither NUL nor lone surrogates."""

from typing import Final

MAX_ERROR_CHARS: Final = 500


def storable(text: str) -> str:
    """Return a text with replacements for what PostgreSQL cannot store."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


def reason_of(error: Exception) -> str:
    """Return an error as it is kept beside what it has stopped. It may quote what nobody could store."""
    return storable(f"{type(error).__name__}: {error}")[:MAX_ERROR_CHARS]
