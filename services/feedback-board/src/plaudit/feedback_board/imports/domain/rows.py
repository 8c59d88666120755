"""One row of a file, what is refused of it, and what a row says that it did not say before."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

from plaudit.feedback_board.requests.domain.status import Status

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 100_000
MAX_VOTERS: Final = 10_000
"""Of one row."""
MAX_NUMBER: Final = 1_000_000_000
"""Of votes or comments that a row may say."""
MAX_ID_CHARACTERS: Final = 200
MAX_URL_CHARACTERS: Final = 2_000


class Form(StrEnum):
    """What a file is."""

    CSV = "csv"
    GITHUB = "github"


class Verdict(StrEnum):
    """What becomes of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class UnusableFileError(ValueError):
    """Nothing of a file can be read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not taken."""

    line: int
    """Where the row begins in the file; of JSON, its place in the array, from 1."""
    field: str
    """Its column; empty where it is the row as a whole."""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """What a row says of one request, cleaned. None: it says nothing of that, and an import leaves it as it is."""

    line: int
    source: str
    external_id: str
    title: str | None = None
    text: str | None = None
    subject: str | None = None
    persona: str | None = None
    status: Status | None = None
    status_reason: str | None = None
    impact: Decimal | None = None
    effort_weeks: Decimal | None = None
    created_at: datetime | None = None
    url: str | None = None
    votes: int | None = None
    """A bare number: nobody knows whose votes these are, so they are shown apart and are no reach."""
    comments: int | None = None
    author_email: str | None = None
    author_name: str | None = None
    voters: tuple[str, ...] | None = None
    """E-mail addresses; they become person keys and are kept nowhere."""

    @property
    def external(self) -> tuple[str, str]:
        """By what the row is known when it comes again."""
        return self.source, self.external_id


_NO_VALUES: Final = frozenset({"line", "source", "external_id"})


def digests(row: ImportRow, key: bytes) -> dict[str, str]:
    """Return a keyed digest of each value that a row says: what it said is known again and is not kept."""
    return {
        each.name: _digest(key, each.name, value)
        for each in fields(row)
        if each.name not in _NO_VALUES and (value := getattr(row, each.name)) is not None
    }


def changed_fields(said: Mapping[str, str], said_before: Mapping[str, str]) -> frozenset[str]:
    """Return the fields of which a row says something that it did not say when it was imported last."""
    return frozenset(name for name, digest in said.items() if said_before.get(name) != digest)


def _digest(key: bytes, name: str, value: object) -> str:
    text = name.encode() + b"\0" + msgspec.json.encode(value)
    return hmac.new(key, b"board import:" + text, sha256).hexdigest()[:32]
