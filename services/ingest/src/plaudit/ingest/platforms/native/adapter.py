"""The native format, for whoever can send what we ask for: one event, or an array of up to 1,000.

Unknown fields are ignored. An optional field that is absent keeps its stored value in an edit; null takes a title,
text, language, url or author away, and means the same as absent elsewhere.
"""

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType, convert

from plaudit.common.contracts.subjects import is_subject, is_within
from plaudit.ingest.platforms.adapter import Adapter, check_count
from plaudit.ingest.platforms.fields import (
    MAX_EMAIL_CHARS,
    MAX_ID_CHARS,
    ExternalId,
    ImpossibleTimeError,
    Instant,
    Language,
    Tags,
    Url,
    Version,
    explain,
    person_key,
    to_utc,
    utc_or_unset,
    value_or_unset,
)
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    Instruction,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, OffScaleError, Scale, to_stars
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.sources.domain import KeyedSource

TYPES: Final = "review.created, review.edited, review.removed, review.restored, review.answered"


class Author(msgspec.Struct, frozen=True):
    """The author. The name is never stored, the address only as a keyed hash."""

    id: Annotated[str, Meta(max_length=MAX_ID_CHARS)] | None = None
    name: str | None = None
    email: Annotated[str, Meta(max_length=MAX_EMAIL_CHARS)] | None = None


class AnswerData(msgspec.Struct, frozen=True):
    """The company's public reply; without a time it counts from its receipt."""

    text: str = ""
    published_at: Instant | None = None
    state: AnswerState = AnswerState.PUBLISHED


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Which review it is about."""

    id: ExternalId
    version: Version | None = None


class _Details(Reference, frozen=True, kw_only=True):
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
    """A review, or the fields of it that changed."""

    rating: float | None = None
    published_at: Instant | None = None


class AnsweredData(Reference, frozen=True, kw_only=True):
    """Which review is answered, and how."""

    answer: AnswerData


def normalise(body: object, source: KeyedSource) -> list[Instruction | Quarantined]:
    """Read one event or an array of up to 1,000."""
    events = check_count(body) if isinstance(body, list) else [body]
    return [read_event(event, source) for event in events]


def read_event(event: object, source: KeyedSource) -> Instruction | Quarantined:
    """Return what one decoded event says, or why it cannot be read."""
    if not isinstance(event, dict):
        return Quarantined('an event is an object with "type" and "data"')
    try:
        return _instruction(event.get("type"), event.get("data"), source)
    except msgspec.ValidationError as error:
        return Quarantined(explain(str(error), root="data"))
    except (OffScaleError, ImpossibleTimeError) as error:
        return Quarantined(f"data: {error}")


def _instruction(kind: object, data: object, source: KeyedSource) -> Instruction | Quarantined:
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
        reference = convert(data, Reference)
        instruction = RemoveReview if kind == "review.removed" else RestoreReview
        return instruction(external_id=reference.id, version=reference.version)
    return Quarantined(f"type: must be one of {TYPES}")


def _created_scale(data: CreatedData) -> tuple[Kind, Scale]:
    kind = data.kind or Kind.STARS
    return kind, data.scale or DEFAULT_SCALES[kind]


def _write(
    data: CreatedData | EditedData,
    source: KeyedSource,
    rated_on: tuple[Kind | None, Scale | None],
    instruction: type[CreateReview | EditReview],
) -> Instruction | Quarantined:
    if data.subject is not None and not (is_within(data.subject, source.subject) and is_subject(data.subject)):
        return Quarantined(
            f"data.subject: must be {source.subject!r} or below it, in at most 6 segments of a-z, 0-9, '.', '_' and '-'"
        )
    kind, scale = rated_on
    if data.rating is not None and kind is not None and scale is not None:
        to_stars(data.rating, scale, kind)
    content = Content(
        subject=value_or_unset(data.subject),
        rating=value_or_unset(data.rating),
        scale=value_or_unset(scale),
        kind=value_or_unset(kind),
        published_at=utc_or_unset(data.published_at),
        edited_at=utc_or_unset(data.edited_at),
        title=data.title,
        text=data.text,
        language=data.language,
        url=data.url,
        person=_person(data.author, source),
        verified=value_or_unset(data.verified),
        origin=value_or_unset(data.origin),
        tags=value_or_unset(data.tags),
        answer=UNSET if data.answer is None else _answer(data.answer),
    )
    return instruction(external_id=data.id, version=data.version, content=content)


def _answer(data: AnswerData) -> AnswerContent:
    published_at = None if data.published_at is None else to_utc(data.published_at)
    return AnswerContent(text=data.text, published_at=published_at, state=data.state)


def _person(author: Author | UnsetType | None, source: KeyedSource) -> str | UnsetType | None:
    if author is UNSET or author is None:
        return author
    return person_key(source, email=author.email, person_id=author.id)


ADAPTER = Adapter(platform="native", proof="standard_webhooks", normalise=normalise)
