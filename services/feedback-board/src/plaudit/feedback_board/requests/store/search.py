"""What narrows a list of requests, for `list_in_order`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement

from plaudit.feedback_board.requests.tables import requests


def conditions(persona: str, words: Sequence[str]) -> list[ColumnElement[Any]]:
    """Return what narrows a list of requests: to those of a persona, and to those that have all of some words."""
    found: list[ColumnElement[Any]] = [requests.c.persona == persona] if persona else []
    for word in words:
        in_title = requests.c.title.icontains(word, autoescape=True)
        found.append(in_title | requests.c.text.icontains(word, autoescape=True))
    return found
