"""What an erasure is, how far it is, and what it does to what is published."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

SETTLING_SECONDS: Final = 15.0
"""An erasure goes on for so long: a delivery that was being written when it was asked for is committed by then."""
MIN_BARE_NEEDLE_CHARS: Final = 8
"""A shorter id is looked for in quotation marks, or it would be found everywhere; as a number, behind a key of ids."""
STORES: Final[Mapping[str, str]] = {
    "reviews": "emptied, and marked as erased",
    "revisions": "their states deleted",
    "review_texts": "deleted",
    "review_text_positions": "holds nothing about customers",
    "answers": "deleted, those to the review",
    "answer_senders": "holds nothing about customers",
    "resolutions": "deleted, those of the review",
    "platform_reports": "deleted, those of the review",
    "deliveries": "the bytes deleted of each that tells of it; all of them after the retention",
    "held_events": "deleted of the person; of a known review there are none",
    "failed_attempts": "holds nothing about customers",
    "replays": "holds ids and counts, and of reasons only hashes",
    "imports": "holds nothing about customers",
    "import_chunks": "the parts of a file, deleted when its import ends; what was erased is not taken from them",
    "import_rejects": "deleted of the review, and those that hold the address",
    "outbox": "words and names deleted from what is still there; figures stay",
    "contacts": "deleted",
    "customer_events": "deleted",
    "erased_people": "says what must not come back, by person key",
    "erasures": "the receipts, by id and person key",
    "sorting_rules": "holds nothing about customers",
    "sorting_runs": "holds nothing about customers",
    "words_of_trade": "holds nothing about customers",
    "sources": "holds nothing about customers",
    "deleted_sources": "holds nothing about customers",
    "surveys": "holds nothing about customers",
    "survey_invitations": "deleted of the person, and that which a review came of; links lead nowhere then",
    "pulls": "holds nothing about customers",
    "pulled_reviews": "the hash deleted of what was said; the id stays, as that of the review does",
    "pull_notices": "names reviews that are to be asked for; deleted once they were",
    "idempotency_keys": "holds no answer about customers; deleted after a day",
    "rate_limits": "holds no answer about customers; deleted after a day",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""

_NUMBER: Final = re.compile(r"[0-9]+")
_ENDS_OF_KEYS: Final = [name + colon for name in (b'id"', b'Id"', b'ID"') for colon in (b":", b": ", b" : ")]
_ENDS_OF_NUMBERS: Final = (b",", b"}", b" ", b"\n", b"\r")
_SIGNS_OF_HTML: Final = "&<>"
_WORDS_OF_REVIEWS: Final = (
    *("title", "text", "language", "language_from_text", "person", "tags", "url", "answer", "resolution"),
    *("topics", "personas", "check", "leave"),
)
_WORDS_OF_CUSTOMERS: Final = ("reference", "plan", "stage", "channel")


class Stage(StrEnum):
    """What an erasure does now; the next follows when nothing is left to do."""

    REVIEWS = "reviews"
    DELIVERIES = "deliveries"
    OUTBOX = "outbox"
    CUSTOMERS = "customers"
    DONE = "done"


class KnownOfPerson(msgspec.Struct, frozen=True):
    """How much is stored of a person; each kind is counted up to `most`."""

    reviews: int
    events: int
    has_contact: bool
    most: int


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure: of a review, or of all that a person did up to now."""

    tenant_id: str
    id: UUID
    review_id: UUID | None
    person: str | None
    address: str | None
    """The person's address where it is known, encrypted; None once deliveries are done."""
    requested_by: str
    requested_at: datetime
    stage: Stage = Stage.REVIEWS
    place: str = ""
    """How far the stage has come."""
    counts: Mapping[str, int] = {}
    """Store → how many rows were changed or deleted."""
    finished_at: datetime | None = None

    def counted(self, **more: int) -> dict[str, int]:
        """Return the counts with more added."""
        return {**self.counts, **{name: self.counts.get(name, 0) + count for name, count in more.items()}}

    @property
    def digest(self) -> str | None:
        """A hash of the receipt, None before it is finished."""
        if self.finished_at is None:
            return None
        told = [str(self.id), self.requested_at, self.finished_at, dict(self.counts)]
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


class ErasedReview(msgspec.Struct, frozen=True):
    """A review that was erased, as it is looked for in deliveries."""

    source_id: UUID
    external_id: str


def needles(external_ids: Collection[str], address: str | None) -> list[bytes]:
    """Return what a body holds that tells of one of these reviews or of the address, in each of its spellings."""
    found: set[bytes] = set()
    for text in (*external_ids, *((address, address.lower()) if address else ())):
        for spelled in _spellings(text):
            bare = spelled[1:-1]
            found.add(bare if len(bare) >= MIN_BARE_NEEDLE_CHARS else spelled)
        if len(text) < MIN_BARE_NEEDLE_CHARS and _NUMBER.fullmatch(text):
            found |= {key + text.encode() + end for key in _ENDS_OF_KEYS for end in _ENDS_OF_NUMBERS}
    return sorted(found)


def without_words(envelope: bytes) -> bytes:
    """Return an event of the outbox without words and names; its figures and numbers stay."""
    event: dict[str, Any] = msgspec.json.decode(envelope)
    data = event["data"]
    for state in (data.get("before"), data.get("after")):
        if state is not None:
            state["external_id"] = "erased"
            for name in _WORDS_OF_REVIEWS:
                state.pop(name, None)
    for name in _WORDS_OF_CUSTOMERS:
        data.pop(name, None)
    return msgspec.json.encode(event)


def _spellings(text: str) -> Iterator[bytes]:
    """Yield a text as the writers of JSON spell it.

    They leave what is not ASCII as it is, or escape it with small or large digits; some escape slashes too (PHP), some
    the signs of HTML (Go), and some of these the plus sign and what quotes (.NET).
    """
    plain = msgspec.json.encode(text).decode()
    for escape in ("", "\\u{:04x}", "\\u{:04X}"):
        spelled = _escaped(plain, escape)
        yield spelled.encode()
        yield spelled.replace("/", "\\/").encode()
        for signs in (_SIGNS_OF_HTML, _SIGNS_OF_HTML + "+'`"):
            for form in ("\\u{:04x}", "\\u{:04X}"):
                yield "".join(form.format(ord(char)) if char in signs else char for char in spelled).encode()


def _escaped(text: str, escape: str) -> str:
    """Return a text with everything else than ASCII escaped; as it is without an escape."""
    if not escape:
        return text
    return "".join(char if char.isascii() else "".join(map(escape.format, _units(char))) for char in text)


def _units(char: str) -> list[int]:
    pairs = char.encode("utf-16-be")
    return [int.from_bytes(pairs[at : at + 2], "big") for at in range(0, len(pairs), 2)]
