"""The native format: one event, or an array of them, signed as Standard Webhooks.

Unknown fields are ignored. An optional field that is absent keeps its stored value in an edit; null takes a title,
text, language, url or author away, and is as good as absent elsewhere.
"""

import re
from datetime import datetime
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType, convert

from plaudit.common.contracts import Kind, Origin
from plaudit.common.contracts.subjects import is_subject, is_within
from plaudit.ingest.domain.commands import (
    AnswerReview,
    AnswerState,
    Command,
    Content,
    CreateReview,
    EditReview,
    GivenAnswer,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.domain.instants import ImpossibleTimeError, to_utc
from plaudit.ingest.domain.people import person_key
from plaudit.ingest.domain.scales import DEFAULT_SCALES, OffScaleError, Scale, to_stars
from plaudit.ingest.domain.source import Source

Value = TypeVar("Value")

MAX_ID_CHARS: Final = 200
MAX_URL_CHARS: Final = 2_048
MAX_EMAIL_CHARS: Final = 320
MAX_LANGUAGE_CHARS: Final = 35
"""The longest BCP 47 tag that software must take."""
MAX_TAGS: Final = 50
MAX_TAG_CHARS: Final = 100
MAX_VERSION: Final = 2**63 - 1

ExternalId = Annotated[str, Meta(max_length=MAX_ID_CHARS, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Version = Annotated[int, Meta(ge=-MAX_VERSION, le=MAX_VERSION)]
Instant = Annotated[datetime, Meta(tz=True)]
Url = Annotated[str, Meta(max_length=MAX_URL_CHARS, pattern=r"^https?://[^\s\x00-\x1f\x7f]+\Z")]
Language = Annotated[str, Meta(max_length=MAX_LANGUAGE_CHARS)]
Tag = Annotated[str, Meta(min_length=1, max_length=MAX_TAG_CHARS)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=MAX_TAGS)]

_PLACE = re.compile(r"^(.*) - at `\$\.?(.*)`$", re.DOTALL)


class Author(msgspec.Struct, frozen=True):
    """Who wrote. The name is never kept, the address only as a keyed hash."""

    id: Annotated[str, Meta(max_length=MAX_ID_CHARS)] | None = None
    name: str | None = None
    email: Annotated[str, Meta(max_length=MAX_EMAIL_CHARS)] | None = None


class AnswerData(msgspec.Struct, frozen=True):
    """The company's public reply; without a time it counts from its receipt."""

    text: str = ""
    published_at: Instant | None = None
    state: AnswerState = AnswerState.PUBLISHED


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    id: ExternalId
    version: Version | None = None
    subject: str | None = None
    scale: Scale | None = None
    kind: Kind | None = None
    title: str | UnsetType | None = UNSET
    text: str | UnsetType | None = UNSET
    language: Language | UnsetType | None = UNSET
    edited_at: Instant | None = None
    author: Author | UnsetType | None = UNSET
    verified: bool | None = None
    origin: Origin | None = None
    tags: Tags | None = None
    url: Url | UnsetType | None = UNSET
    answer: AnswerData | None = None


class CreatedData(_Details, frozen=True, kw_only=True):
    """A whole review."""

    rating: float
    published_at: Instant


class EditedData(_Details, frozen=True, kw_only=True):
    """A review, or what is new of it."""

    rating: float | None = None
    published_at: Instant | None = None


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Which review is meant."""

    id: ExternalId
    version: Version | None = None


class AnsweredData(msgspec.Struct, frozen=True, kw_only=True):
    """Which review is answered, and how."""

    id: ExternalId
    version: Version | None = None
    answer: AnswerData


TYPES: Final = "review.created, review.edited, review.removed, review.restored, review.answered"


def to_command(item: object, source: Source) -> Command | Quarantined:
    """Return what one decoded event asks for, or why it is not taken."""
    if not isinstance(item, dict):
        return Quarantined('an event is an object with "type" and "data"')
    try:
        return _command(item.get("type"), item.get("data"), source)
    except msgspec.ValidationError as error:
        return Quarantined(explain(str(error), root="data"))
    except (OffScaleError, ImpossibleTimeError) as error:
        return Quarantined(f"data: {error}")


def _command(kind: object, data: object, source: Source) -> Command | Quarantined:
    # Converting to one known class is several times faster than to a union of them.
    if kind == "review.created":
        created = convert(data, CreatedData)
        return _write(created, source, _created_scale(created), CreateReview)
    if kind == "review.edited":
        edited = convert(data, EditedData)
        return _write(edited, source, (edited.kind, edited.scale), EditReview)
    if kind == "review.answered":
        answered = convert(data, AnsweredData)
        return AnswerReview(external_id=answered.id, version=answered.version, answer=_answer(answered.answer))
    if kind in ("review.removed", "review.restored"):
        meant = convert(data, Reference)
        act = RemoveReview if kind == "review.removed" else RestoreReview
        return act(external_id=meant.id, version=meant.version)
    return Quarantined(f"type: must be one of {TYPES}")


def _created_scale(data: CreatedData) -> tuple[Kind, Scale]:
    kind = data.kind or Kind.STARS
    return kind, data.scale or DEFAULT_SCALES[kind]


def _write(
    data: CreatedData | EditedData,
    source: Source,
    rated_on: tuple[Kind | None, Scale | None],
    write: type[CreateReview | EditReview],
) -> Command | Quarantined:
    if data.subject is not None and not (is_within(data.subject, source.subject) and is_subject(data.subject)):
        return Quarantined(
            f"data.subject: must be {source.subject!r} or below it, in at most 6 segments of a-z, 0-9, '.', '_' and '-'"
        )
    kind, scale = rated_on
    if data.rating is not None and kind is not None and scale is not None:
        to_stars(data.rating, scale, kind)
    content = Content(
        subject=_told(data.subject),
        rating=_told(data.rating),
        scale=_told(scale),
        kind=_told(kind),
        published_at=UNSET if data.published_at is None else to_utc(data.published_at),
        edited_at=UNSET if data.edited_at is None else to_utc(data.edited_at),
        title=data.title,
        text=data.text,
        language=data.language,
        url=data.url,
        person=_person(data.author, source),
        verified=_told(data.verified),
        origin=_told(data.origin),
        tags=_told(data.tags),
        answer=UNSET if data.answer is None else _answer(data.answer),
    )
    return write(external_id=data.id, version=data.version, content=content)


def _answer(data: AnswerData) -> GivenAnswer:
    published_at = None if data.published_at is None else to_utc(data.published_at)
    return GivenAnswer(text=data.text, published_at=published_at, state=data.state)


def _person(author: Author | UnsetType | None, source: Source) -> str | UnsetType | None:
    if author is UNSET or author is None:
        return author
    return person_key(source, email=author.email, person_id=author.id)


def _told(value: Value | None) -> Value | UnsetType:
    return UNSET if value is None else value


def explain(message: str, root: str = "") -> str:
    """Turn the model library's words into the field, below a root, and what it must be."""
    match = _PLACE.match(message)
    what, field = match.groups() if match else (message, "")
    what = what.replace("`", "")
    place = ".".join(filter(None, (root, field)))
    return f"{place}: {what}" if place else what
