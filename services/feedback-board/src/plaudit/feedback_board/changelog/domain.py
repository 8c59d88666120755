"""One entry of the changelog, and what it takes to publish it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.common.text import shows
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError
from plaudit.feedback_board.requests.domain.text import clean_text, clean_title

MAX_REQUESTS: Final = 20
"""Requests that one entry is about."""
SECTIONS: Final = ("said", "learned", "changed", "since")


class UnknownEntryError(BoardRefusedError):
    """There is no such entry in the changelog."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("There is no such entry in the changelog.")


class EntryRevisionError(BoardRefusedError):
    """The entry has changed since the caller read it."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The entry has changed since you read it. Read it again and decide anew.")


class NotReadyError(BoardRefusedError):
    """The entry lacks what readers are to be told."""

    def __init__(self) -> None:
        """Say what is missing."""
        super().__init__("The entry does not say what was changed. Write that, and publish it then.")


class PublishedError(BoardRefusedError):
    """A published entry is not deleted."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The entry is published. Take it back first; what was a draft only can be deleted.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What staff write, cleaned."""

    title: str
    said: str = ""
    learned: str = ""
    changed: str = ""
    since: str = ""
    request_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for the requests of an entry, each counted once, when it was published."""

    people: int = 0
    visitors: int = 0
    """Who did not sign in."""
    reviews: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the changelog."""

    tenant_id: str
    id: UUID
    slug: str
    title: str
    said: str
    """What people said."""
    learned: str
    changed: str
    since: str
    """What has happened since."""
    people: int
    visitors: int
    reviews: int
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    """None for a draft."""
    revision: int
    request_ids: tuple[UUID, ...] = ()

    @property
    def draft(self) -> Draft:
        """What staff wrote."""
        return Draft(
            title=self.title,
            said=self.said,
            learned=self.learned,
            changed=self.changed,
            since=self.since,
            request_ids=self.request_ids,
        )


def clean_draft(title: str, request_ids: tuple[UUID, ...], **sections: str) -> Draft:
    """Return what staff wrote, cleaned.

    Raises:
        InvalidInputError: it names the field.
    """
    distinct = tuple(dict.fromkeys(request_ids))
    if len(distinct) > MAX_REQUESTS:
        raise InvalidInputError(
            "request_ids", f"request_ids must have at most {MAX_REQUESTS} requests; it has {len(distinct)}"
        )
    cleaned = {name: _clean_section(name, text) for name, text in sections.items()}
    return Draft(title=clean_title(title), request_ids=distinct, **cleaned)


def _clean_section(name: str, text: str) -> str:
    try:
        cleaned = clean_text(text)
    except InvalidInputError as error:
        raise InvalidInputError(name, str(error).replace("text", name, 1)) from error
    return cleaned if shows(cleaned) else ""


def new_entry(tenant_id: str, entry_id: UUID, slug: str, draft: Draft, now: datetime) -> Entry:
    """Return a new entry: a draft."""
    return Entry(
        tenant_id=tenant_id,
        id=entry_id,
        slug=slug,
        title=draft.title,
        said=draft.said,
        learned=draft.learned,
        changed=draft.changed,
        since=draft.since,
        people=0,
        visitors=0,
        reviews=0,
        created_at=now,
        updated_at=now,
        published_at=None,
        revision=1,
        request_ids=draft.request_ids,
    )


def rewritten(entry: Entry, draft: Draft, now: datetime) -> Entry:
    """Return the entry with other words. Its address stays.

    Raises:
        NotReadyError: it is published, and would not say what was changed.
    """
    if entry.published_at is not None and not draft.changed:
        raise NotReadyError
    return replace(
        entry,
        title=draft.title,
        said=draft.said,
        learned=draft.learned,
        changed=draft.changed,
        since=draft.since,
        request_ids=draft.request_ids,
        updated_at=now,
        revision=entry.revision + 1,
    )


def published(entry: Entry, asked: Asked, now: datetime) -> Entry:
    """Return the entry, published, with who asked for it.

    Raises:
        NotReadyError: it does not say what was changed.
    """
    if not entry.changed:
        raise NotReadyError
    return replace(
        entry,
        people=asked.people,
        visitors=asked.visitors,
        reviews=asked.reviews,
        published_at=now,
        updated_at=now,
        revision=entry.revision + 1,
    )


def taken_back(entry: Entry, now: datetime) -> Entry:
    """Return the entry as a draft again."""
    return replace(entry, published_at=None, updated_at=now, revision=entry.revision + 1)
