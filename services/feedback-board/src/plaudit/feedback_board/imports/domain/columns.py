"""The columns of CSV files, ours and those of Canny and UserVoice, and the row that cells make."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from plaudit.common.text import shows
from plaudit.feedback_board.imports.domain import values
from plaudit.feedback_board.imports.domain.rows import ImportRow, UnusableFileError
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.text import clean_name, clean_persona, clean_reason, clean_text, clean_title

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "source": ("source",),
        "external_id": ("external id", "post id", "suggestion id", "id"),
        "title": ("title", "post title"),
        "text": ("text", "details", "description", "body"),
        "subject": ("subject",),
        "persona": ("persona",),
        "status": ("status", "post status"),
        "status_reason": ("status reason", "response", "status update"),
        "impact": ("impact",),
        "effort_weeks": ("effort weeks",),
        "created_at": ("created at", "created", "date"),
        "url": ("url", "link", "post url"),
        "votes": ("votes", "score", "vote count", "votes count", "supporters count"),
        "comments": ("comments", "comment count", "comments count"),
        "author_email": ("author email", "creator email", "user email"),
        "author_name": ("author name", "creator name", "user name"),
        "voters": ("voters", "voter emails", "supporter emails", "supporters emails"),
    }
)
"""Field → names of its column, in lower case with spaces: ours first, then what Canny and UserVoice call it."""


def fields_of(names: Mapping[str, str]) -> dict[str, str]:
    """Return column → field of the columns that are known; others are passed over and told.

    Raises:
        UnusableFileError: there is no column of ids, or two columns are one field.
    """
    by_name = {name: field for field, known in COLUMNS.items() for name in known}
    found: dict[str, str] = {}
    for name in names:
        field = by_name.get(name)
        if field is None:
            continue
        if field in found.values():
            raise UnusableFileError(f"two columns are the {field} of a row: leave one of them out")
        found[name] = field
    if "external_id" not in found.values():
        raise UnusableFileError(
            "the file has no column external_id (or Post ID, or ID), by which a row is known when it comes again"
        )
    return found


def row_of(line: int, cells: Mapping[str, str], *, source: str, now: datetime) -> ImportRow:
    """Return the row that cells make, by field. A cell that shows nothing says nothing.

    Args:
        line: where it is in the file.
        cells: field → cell.
        source: of rows that do not say theirs.
        now: no row is newer.

    Raises:
        InvalidInputError: a cell is not what its column holds.
    """
    said = {field: cell for field, cell in cells.items() if shows(cell)}
    made: dict[str, Any] = {
        "external_id": values.identifier("external_id", said.pop("external_id", "")),
        "source": values.identifier("source", said.pop("source", source)),
    }
    impact, effort = said.pop("impact", None), said.pop("effort_weeks", None)
    if impact is not None or effort is not None:
        sizing = values.sizing(impact or "", effort or "")
        made |= {"impact": sizing.impact, "effort_weeks": sizing.effort_weeks}
    for field, cell in said.items():
        made[field] = _value(field, cell, now)
    if "status_reason" in made and "status" not in made:
        raise InvalidInputError("status_reason", "a reason says why a status is as it is: name the status as well")
    return ImportRow(line=line, **made)


_READERS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "title": clean_title,
        "text": clean_text,
        "persona": clean_persona,
        "status": values.status,
        "status_reason": clean_reason,
        "votes": partial(values.number, "votes"),
        "comments": partial(values.number, "comments"),
        "author_email": partial(values.address, "author_email"),
        "author_name": clean_name,
        "voters": partial(values.addresses, "voters"),
        "url": partial(values.link, "url"),
        "subject": values.subject,
    }
)
"""Field → what makes a value of a cell."""


def _value(field: str, cell: str, now: datetime) -> object:
    return values.moment(field, cell, now) if field == "created_at" else _READERS[field](cell)
