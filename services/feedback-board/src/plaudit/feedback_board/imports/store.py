"""Every SQL statement about requests that came from files."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.imports.tables import imported_requests

_ALL = Columns(imported_requests, {"said": "said_json"})

_FIND = f"""
SELECT {_ALL.listed} FROM imported_requests
WHERE tenant_id = $1 AND (source, external_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))
"""
_PUT = f"""
INSERT INTO imported_requests ({_ALL.listed}) VALUES ({_ALL.values()})
ON CONFLICT (tenant_id, source, external_id) DO UPDATE SET
    url = excluded.url, votes = excluded.votes, comments = excluded.comments,
    said = excluded.said, imported_at = excluded.imported_at
"""
_IMPORTED = f"SELECT {_ALL.listed} FROM imported_requests WHERE tenant_id = $1 AND request_id = $2"
_REWRITE = """
UPDATE requests SET subject = coalesce($3, subject), persona = coalesce($4, persona)
WHERE tenant_id = $1 AND id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """By what a request is known that came from a file, and what its row said."""

    tenant_id: str
    source: str
    external_id: str
    request_id: UUID
    url: str | None
    votes: int
    """That the other board showed; nobody knows whose they are."""
    comments: int
    said: Mapping[str, str]
    """Field → keyed digest of its value."""
    imported_at: datetime

    @property
    def said_json(self) -> str:
        """What was said, as it is stored."""
        return msgspec.json.encode(self.said).decode()


async def find(tx: Tx, tenant_id: str, externals: Collection[tuple[str, str]]) -> dict[tuple[str, str], Imported]:
    """Return (source, external id) → what is known of those that were imported before."""
    if not externals:
        return {}
    arrays = map(list, zip(*externals, strict=True))
    found = [Imported(**row) for row in await tx.raw.fetch(_FIND, tenant_id, *arrays)]
    return {(each.source, each.external_id): each for each in found}


async def of_request(tx: Tx, tenant_id: str, request_id: UUID) -> Imported | None:
    """Return from where a request came, None for one that was made here."""
    row = await tx.raw.fetchrow(_IMPORTED, tenant_id, request_id)
    return None if row is None else Imported(**row)


async def put(tx: Tx, imported: Imported) -> None:
    """Keep what a row said, in place of what it said before."""
    await tx.raw.execute(_PUT, *_ALL.row(imported))


async def rewrite(tx: Tx, tenant_id: str, request_id: UUID, subject: str | None, persona: str | None) -> None:
    """Change what a request is about and who asks, where that is said."""
    await tx.raw.execute(_REWRITE, tenant_id, request_id, subject, persona)
