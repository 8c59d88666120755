"""The HTTP API of the changelog: written, published, read and listed by staff."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Path, Response

from plaudit.common.http import Page, Paging, Refusals, TenantTx, Work, conflict, describe, not_found
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.problems import precondition_failed
from plaudit.feedback_board.changelog import commands, store
from plaudit.feedback_board.changelog.domain import (
    Entry,
    EntryRevisionError,
    NotReadyError,
    PublishedError,
    UnknownEntryError,
)
from plaudit.feedback_board.changelog.schemas import ChangelogEntryOut, EntryIn, PublicationIn, entry_out
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, actor_of

router = APIRouter(prefix="/v1/changelog", tags=["changelog"])

EntryId = Annotated[UUID, Path(description="The entry's id.")]
IfMatch = Annotated[str | None, Header(description="Do it only if the entry's entity tag is still one of these.")]

PROBLEMS: Final = {
    "entry-not-ready": "The entry does not say what was changed. Write that, and publish it then.",
    "entry-published": "The entry is published. Make it a draft again to delete it.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    UnknownEntryError: lambda _: not_found("entry"),
    EntryRevisionError: lambda error: precondition_failed(str(error)),
    NotReadyError: lambda error: conflict("entry-not-ready", str(error)),
    PublishedError: lambda error: conflict("entry-published", str(error)),
}
"""What the rules refuse → the problem that the client gets."""


@router.post("", status_code=201, summary="Write an entry", openapi_extra=describe(headers=("Location", "ETag")))
async def write_entry(principal: BoardWriter, work: Work, body: EntryIn, response: Response) -> ChangelogEntryOut:
    """Write an entry of the changelog. It begins as a draft."""
    entry = await commands.write(work, principal.tenant_id, body.draft(), actor_of(principal))
    response.headers["Location"] = f"{router.prefix}/{entry.id}"
    return _answer(entry, response)


@router.get("", summary="List entries")
async def list_entries(principal: BoardReader, tx: TenantTx, paging: Paging) -> Page[ChangelogEntryOut]:
    """List the entries of the changelog, drafts too: the one that was written last first."""
    after = paging.after(tuple[datetime, UUID])
    found = await store.list_newest(tx, principal.tenant_id, after=after or None, limit=paging.rows)
    return paging.page(found, lambda entry: (entry.created_at, entry.id), entry_out)


@router.get("/{entry_id}", summary="Read an entry", openapi_extra=describe(headers=("ETag",)))
async def get_entry(principal: BoardReader, tx: TenantTx, entry_id: EntryId, response: Response) -> ChangelogEntryOut:
    """Return one entry of the changelog."""
    entry = await store.find(tx, principal.tenant_id, entry_id)
    if entry is None:
        raise UnknownEntryError
    return _answer(entry, response)


@router.put(
    "/{entry_id}",
    summary="Rewrite an entry",
    openapi_extra=describe(headers=("ETag",), problems={"entry-not-ready": 409}),
)
async def rewrite_entry(
    principal: BoardWriter,
    work: Work,
    entry_id: EntryId,
    body: EntryIn,
    response: Response,
    if_match: IfMatch = None,
) -> ChangelogEntryOut:
    """Replace the words of an entry and the requests that it is about. Its address stays."""
    entry = await commands.rewrite(
        work,
        principal.tenant_id,
        entry_id,
        body.draft(),
        actor_of(principal),
        expected_revisions=revisions_of(if_match),
    )
    return _answer(entry, response)


@router.put(
    "/{entry_id}/publication",
    summary="Publish an entry, or take it back",
    openapi_extra=describe(
        headers=("ETag",),
        problems={"entry-not-ready": 409},
        answer={"published_at": "2026-11-30T12:00:00Z", "revision": 2},
    ),
)
async def set_publication(
    principal: BoardWriter, work: Work, entry_id: EntryId, body: PublicationIn, response: Response
) -> ChangelogEntryOut:
    """Publish an entry, with the number of people who asked for it by now, or make it a draft again."""
    entry = await commands.set_published(work, principal.tenant_id, entry_id, actor_of(principal), on=body.published)
    return _answer(entry, response)


@router.delete(
    "/{entry_id}",
    status_code=204,
    summary="Delete a draft",
    openapi_extra=describe(problems={"entry-published": 409}),
)
async def delete_entry(principal: BoardWriter, work: Work, entry_id: EntryId) -> None:
    """Delete an entry that is a draft."""
    await commands.delete(work, principal.tenant_id, entry_id, actor_of(principal))


def _answer(entry: Entry, response: Response) -> ChangelogEntryOut:
    response.headers["ETag"] = f'"{entry.revision}"'
    return entry_out(entry)
