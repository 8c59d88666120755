"""Subjects in statements: a subject and what is below it, as ranges that an index serves."""

from typing import Any

from sqlalchemy import ColumnElement


def within(column: ColumnElement[Any], subject: str) -> ColumnElement[bool]:
    """Return the condition that a column holds a subject or one below it: `contracts.subjects.is_within` in SQL.

    The column's collation must be "C".
    """
    # '0' is the character after '/', so this range is exactly the paths below.
    return (column == subject) | ((column >= f"{subject}/") & (column < f"{subject}0"))
