"""Subjects in statements: a subject and what is below it, as ranges that an index serves.

The collation of every column must be "C". `within` is for statements that SQLAlchemy writes. What has the name of a
condition returns it as text, for a column and a subject that are given as SQL: `is_within("subject", "$2")`.
"""

from typing import Any

from sqlalchemy import ColumnElement


def within(column: ColumnElement[Any], subject: str) -> ColumnElement[bool]:
    """Return the condition that a column holds a subject or one below it: `contracts.subjects.is_within` in SQL."""
    first, end = range_below(subject)
    return (column == subject) | ((column >= first) & (column < end))


def range_below(subject: str) -> tuple[str, str]:
    """Return where the range of the paths below a subject begins, and what comes right after it.

    '0' is the character after '/', so the range has exactly these.
    """
    return f"{subject}/", f"{subject}0"


def is_within(column: str, subject: str) -> str:
    """Return the condition that a column holds a subject or one below it."""
    return f"({column} = {subject} OR ({is_below(column, subject)}))"


def is_below(column: str, subject: str) -> str:
    """Return the condition that a column holds a subject below one, and not it."""
    return f"{column} >= {subject} || '/' AND {column} < {subject} || '0'"


def is_within_one_range(column: str, subject: str) -> str:
    """Return the same condition as `is_within`, as one range that an index is read along and what is left out of it.

    For where the planner would not combine the two ranges of `is_within`: in a join, or under a LIMIT. It reads what
    lies between a subject and the paths below it, such as `acme-2` between `acme` and `acme/berlin`.
    """
    in_range = f"{column} >= {subject} AND {column} < {subject} || '0'"
    return f"{in_range} AND ({column} = {subject} OR {column} >= {subject} || '/')"
