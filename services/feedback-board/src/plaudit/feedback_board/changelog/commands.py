"""Every way to change the changelog: lock, load, decide, save and log, in the one transaction that is given in."""

from collections.abc import Collection
from dataclasses import asdict, replace
from uuid import UUID

from plaudit.common.db import OrderKey, lock
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.changelog import store
from plaudit.feedback_board.changelog.domain import (
    Draft,
    Entry,
    EntryRevisionError,
    PublishedError,
    UnknownEntryError,
    new_entry,
    published,
    rewritten,
    taken_back,
)
from plaudit.feedback_board.requests.domain.activity import Entry as LogEntry
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.text import distinct_slug, slug
from plaudit.feedback_board.requests.store import activity


def entry_key(tenant_id: str, entry_id: UUID) -> OrderKey:
    """Return the order key of an entry."""
    return f"changelog:{tenant_id}:{entry_id}"


async def write(work: UnitOfWork, tenant_id: str, draft: Draft, actor: str) -> Entry:
    """Write a new entry: a draft.

    Raises:
        InvalidInputError: there is no such request.
    """
    entry_id = work.ids()
    await lock(work.tx, [entry_key(tenant_id, entry_id)])
    await _check_requests(work, tenant_id, draft)
    entry = new_entry(tenant_id, entry_id, slug(draft.title), draft, work.tx.now)
    if not await store.insert(work.tx, entry):
        entry = replace(entry, slug=distinct_slug(entry.title, entry.id))
        if not await store.insert(work.tx, entry):
            raise RuntimeError(f"slug {entry.slug!r} is taken twice")
    await store.save_requests(work.tx, entry)
    await _record(work, entry, actor)
    return entry


async def rewrite(
    work: UnitOfWork,
    tenant_id: str,
    entry_id: UUID,
    draft: Draft,
    actor: str,
    *,
    expected_revisions: Collection[int] | None = None,
) -> Entry:
    """Replace the words of an entry and the requests that it is about. The same again changes nothing.

    Raises:
        UnknownEntryError: no such entry.
        EntryRevisionError: the entry is no longer at one of `expected_revisions`.
        InvalidInputError: there is no such request.
        NotReadyError: it is published, and would not say what was changed.
    """
    before = await _lock_and_find(work, tenant_id, entry_id)
    if set(before.request_ids) == set(draft.request_ids) and before.draft == replace(
        draft, request_ids=before.request_ids
    ):
        return before
    if expected_revisions is not None and before.revision not in expected_revisions:
        raise EntryRevisionError
    await _check_requests(work, tenant_id, draft)
    return await _save(work, rewritten(before, draft, work.tx.now), actor)


async def set_published(work: UnitOfWork, tenant_id: str, entry_id: UUID, actor: str, *, on: bool) -> Entry:
    """Publish an entry with the number of people who asked for it, or take it back. The same again changes nothing.

    Raises:
        UnknownEntryError: no such entry.
        NotReadyError: it does not say what was changed.
    """
    before = await _lock_and_find(work, tenant_id, entry_id)
    if (before.published_at is not None) == on:
        return before
    if not on:
        return await _save(work, taken_back(before, work.tx.now), actor)
    asked = await store.count_asked(work.tx, tenant_id, before.request_ids)
    return await _save(work, published(before, asked, work.tx.now), actor)


async def delete(work: UnitOfWork, tenant_id: str, entry_id: UUID, actor: str) -> None:
    """Delete a draft.

    Raises:
        UnknownEntryError: no such entry.
        PublishedError: it is published.
    """
    before = await _lock_and_find(work, tenant_id, entry_id)
    if before.published_at is not None:
        raise PublishedError
    await store.delete(work.tx, tenant_id, entry_id)
    await activity.append(work.tx, _log(work, before, Kind.CHANGELOG_DELETED, actor, {}))


async def _lock_and_find(work: UnitOfWork, tenant_id: str, entry_id: UUID) -> Entry:
    await lock(work.tx, [entry_key(tenant_id, entry_id)])
    entry = await store.find(work.tx, tenant_id, entry_id)
    if entry is None:
        raise UnknownEntryError
    return entry


async def _check_requests(work: UnitOfWork, tenant_id: str, draft: Draft) -> None:
    known = await store.known_requests(work.tx, tenant_id, draft.request_ids)
    for each in draft.request_ids:
        if each not in known:
            raise InvalidInputError("request_ids", f"request_ids names a request that there is not: {each}")


async def _save(work: UnitOfWork, entry: Entry, actor: str) -> Entry:
    await store.save(work.tx, entry)
    await _record(work, entry, actor)
    return entry


async def _record(work: UnitOfWork, entry: Entry, actor: str) -> None:
    kept = {name: value for name, value in asdict(entry).items() if name not in {"tenant_id", "id", "revision"}}
    await activity.append(work.tx, _log(work, entry, Kind.CHANGELOG_SAVED, actor, kept))


def _log(work: UnitOfWork, entry: Entry, kind: Kind, actor: str, detail: dict[str, object]) -> LogEntry:
    return LogEntry(
        tenant_id=entry.tenant_id, request_id=entry.id, kind=kind, at=work.tx.now, actor=actor, detail=detail
    )
