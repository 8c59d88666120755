"""Imports in the API."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.ingest.imports.domain import Import, Stage, Understood
from plaudit.ingest.transfer.domain.rows import Reject

FILE_TYPES: Final = (
    *("text/csv", "application/jsonl", "application/json", "application/gzip"),
    *("application/octet-stream", "text/plain"),
)
EXAMPLE_FILE: Final = "id,stars,date,text\r\nr-1,4,2026-02-14T10:15:30Z,Good\r\n"


class UnderstoodOut(BaseModel):
    """What a file was found to be, and which of its columns becomes what."""

    preset: str | None = Field(description="The kind of file, where its header tells.", examples=[None])
    columns: list[str] = Field(description="Its columns.", examples=[["id", "stars", "date", "text"]])
    map: list[str] = Field(
        description="Which column becomes which field.",
        examples=[["id=id", "rating=stars", "published_at=date", "text=text"]],
    )
    set: list[str] = Field(description="What every review gets.", examples=[[]])
    encoding: str = Field(description="Of its text.", examples=["utf-8"])
    delimiter: str = Field(description="Between its columns.", examples=[","])


class ImportOut(BaseModel):
    """An import, and how far it is."""

    id: UUID = Field(description="Its id.")
    source_id: UUID = Field(description="The source whose reviews these are.")
    stage: Stage = Field(
        description="What it does now; `done`, `failed` and `cancelled` are the end.", examples=["waiting"]
    )
    dry_run: bool = Field(description="Whether it only reads the file.", examples=[False])
    backfill: bool = Field(description="Whether nobody is called for its reviews.", examples=[False])
    requested_by: str = Field(description="Who sent the file.", examples=["key:2ddq7sf7p7fb6c7r"])
    requested_at: datetime = Field(description="When.")
    size_bytes: int = Field(description="Of the file, as it was sent.", examples=[len(EXAMPLE_FILE)])
    rows_read: int = Field(description="How many of its rows were read.", examples=[0])
    accepted: int = Field(description="How many rows were taken; in a dry run, how many can be read.", examples=[0])
    unchanged: int = Field(description="How many of these changed nothing: they were known.", examples=[0])
    rejected: int = Field(description="How many were not taken; `/rejects` says why.", examples=[0])
    skipped: int = Field(description="How many the mapping leaves out.", examples=[0])
    reason: str | None = Field(description="Why it failed.", examples=[None])
    finished_at: datetime | None = Field(description="When it ended.", examples=[None])
    understood: UnderstoodOut | None = Field(description="What the file was found to be.", examples=[None])


class RejectOut(BaseModel):
    """A row that cannot be taken."""

    line: int = Field(description="Where it begins in the file.", examples=[3])
    id: str = Field(description="The review's id, where it can be read.", examples=["r-2"])
    reason: str = Field(description="Why.", examples=["rating (column stars): 'seven' is no number"])


class PreviewOut(BaseModel):
    """What a file is, and how its first rows are read."""

    understood: UnderstoodOut = Field(description="What the file was found to be.")
    hint: str = Field(description="What cannot be known of such a file.", examples=[""])
    events: list[Any] = Field(
        description="The first reviews, as events of the native format.",
        examples=[
            [
                {
                    "type": "review.created",
                    "data": {"id": "r-1", "rating": 4, "text": "Good", "published_at": "2026-02-14T10:15:30Z"},
                }
            ]
        ],
    )
    rejects: list[RejectOut] = Field(description="Rows that cannot be taken.", examples=[[]])


def import_out(found: Import) -> ImportOut:
    """Return an import as the API shows it."""
    return ImportOut.model_validate(found, from_attributes=True)


def understood_out(found: Understood) -> UnderstoodOut:
    """Return what a file was found to be, as the API shows it."""
    return UnderstoodOut.model_validate(found, from_attributes=True)


def reject_out(reject: Reject) -> RejectOut:
    """Return a row that cannot be taken, as the API shows it."""
    return RejectOut(line=reject.line, id=reject.id, reason=reject.reason)


def file_body() -> dict[str, Any]:
    """Return the description of a body that is a file."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}, "example": EXAMPLE_FILE} for kind in FILE_TYPES}
    return {"requestBody": {"required": True, "content": content}}
