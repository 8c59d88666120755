"""The rows of a table, and what can become of one."""

from typing import NamedTuple

from plaudit.ingest.transfer.domain.advice import AdvisedError


class Row(NamedTuple):
    """A row that has as many cells as the table has columns."""

    line: int
    """Where it begins in the file, from 1."""
    cells: list[str]


class Reject(NamedTuple):
    """A row that is not sent, or was not taken."""

    line: int
    id: str
    """The review's id where it could be read; empty otherwise."""
    reason: str
    cells: list[str]
    """As they stand in the file; one cell with the whole text where it cannot be split."""


class Skipped(NamedTuple):
    """A row that the mapping leaves out on purpose."""

    line: int


class Ready(NamedTuple):
    """A row as native events. Rows are ordered by their first three fields."""

    instant: int
    """When the review was last changed, in microseconds since 1970."""
    id: str
    line: int
    events: list[bytes]
    """JSON, one or two: a review that is no longer public is preceded by its removal."""
    cells: list[str]


class RowError(AdvisedError):
    """A value of a row that cannot be used; the text names its column and says what is wrong."""
