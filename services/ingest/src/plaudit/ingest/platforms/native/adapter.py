"""The native format, for whoever can send what we ask for: one event, or an array of up to 1,000.

Unknown fields are ignored. An optional field that is absent keeps its stored value in an edit; null takes a title,
text, language, url or author away, and means the same as absent elsewhere.

Most bodies are read by `read_plain`, which decodes straight into the events. All others are decoded by the strict
reader first, and then converted, event by event, by `normalise`. Both give the same instructions.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType, convert

from plaudit.common.contracts.subjects import SUBJECT_PATTERN, is_subject_within
from plaudit.common.strict_json import LOST, may_hold_an_extreme_number, plain_decoder
from plaudit.ingest.platforms.adapter import MAX_EVENTS, Adapter, Tells, check_count
from plaudit.ingest.platforms.bodies import decode_events
from plaudit.ingest.platforms.fields import (
    MAX_EMAIL_CHARS,
    MAX_ID_CHARS,
    MAX_URL_CHARS,
    ExternalId,
    ImpossibleTimeError,
    Instant,
    InvalidLanguageError,
    Language,
    Tags,
    Url,
    Version,
    checked_language,
    explain,
    not_an_object,
    person_key,
    to_utc,
    unknown_type,
    utc_or_unset,
)
from plaudit.ingest.platforms.proofs import StandardWebhooks
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    Instruction,
    Item,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, MAX_BOUND, WITHIN_BOUNDS, OffScaleError, Scale, rate
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.sources.domain import KeyedSource


class Author(msgspec.Struct, frozen=True, gc=False):
    """The author. The name is never stored, the address only as a keyed hash."""

    id: Annotated[
        Annotated[str, Meta(max_length=MAX_ID_CHARS)] | UnsetType | None, Meta(description="Your id of the author.")
    ] = UNSET
    name: Annotated[str | UnsetType | None, Meta(description="It is not kept.")] = UNSET
    email: Annotated[
        Annotated[str, Meta(max_length=MAX_EMAIL_CHARS)] | UnsetType | None,
        Meta(description="It is kept as a keyed hash only."),
    ] = UNSET


class AnswerData(msgspec.Struct, frozen=True, gc=False):
    """The company's public reply; without a time it counts from its receipt."""

    text: Annotated[str | UnsetType, Meta(description="What the company wrote.")] = UNSET
    published_at: Annotated[Instant | UnsetType | None, Meta(description="When it was published.")] = UNSET
    state: Annotated[AnswerState | UnsetType, Meta(description="Only a `published` one counts as an answer.")] = UNSET


class Reference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which review it is about."""

    id: Annotated[ExternalId, Meta(description="Your id of the review.")]
    version: Annotated[
        Version | UnsetType | None,
        Meta(description="Rises with every change of the review; without, the order of receipt counts."),
    ] = UNSET


class _Details(Reference, frozen=True, kw_only=True):
    subject: Annotated[
        Annotated[str, Meta(extra_json_schema={"pattern": SUBJECT_PATTERN})] | UnsetType | None,
        Meta(description="The source's subject, which is the default, or one below it."),
    ] = UNSET
    scale: Annotated[
        Scale | UnsetType | None,
        Meta(description="The ends of the rating's scale; by default 1 to 5, NPS 0 to 10, CES 1 to 7, thumbs 0 to 1."),
    ] = UNSET
    kind: Annotated[Kind | UnsetType | None, Meta(description="What kind of rating it gives; `stars` by default.")] = (
        UNSET
    )
    title: Annotated[str | UnsetType | None, Meta(description="Its title; 500 characters are kept.")] = UNSET
    text: Annotated[str | UnsetType | None, Meta(description="Its text; 20,000 characters are kept.")] = UNSET
    language: Annotated[Language | UnsetType | None, Meta(description="A language tag such as `en` or `pt-BR`.")] = (
        UNSET
    )
    edited_at: Annotated[
        Instant | UnsetType | None, Meta(description="When it was edited; a changed rating counts from then.")
    ] = UNSET
    author: Annotated[Author | UnsetType | None, Meta(description="The author.")] = UNSET
    verified: Annotated[bool | UnsetType | None, Meta(description="Whether the purchase is certain.")] = UNSET
    origin: Annotated[Origin | UnsetType | None, Meta(description="Why it was written; `organic` by default.")] = UNSET
    tags: Annotated[Tags | UnsetType | None, Meta(description="Labels that it can be found by.")] = UNSET
    url: Annotated[Url | UnsetType | None, Meta(description="Where it can be read.")] = UNSET
    answer: Annotated[AnswerData | UnsetType | None, Meta(description="The company's public reply.")] = UNSET


class CreatedData(_Details, frozen=True, kw_only=True):
    """A whole review."""

    rating: Annotated[float, Meta(description="A number on its scale.", extra_json_schema=WITHIN_BOUNDS)]
    published_at: Annotated[Instant, Meta(description="RFC 3339 with a zone, from 1970 on.")]


class EditedData(_Details, frozen=True, kw_only=True):
    """A review, or the fields of it that changed."""

    rating: Annotated[
        Annotated[float, Meta(extra_json_schema=WITHIN_BOUNDS)] | UnsetType | None,
        Meta(description="A number on its scale."),
    ] = UNSET
    published_at: Annotated[Instant | UnsetType | None, Meta(description="RFC 3339 with a zone, from 1970 on.")] = UNSET


class RemovedData(Reference, frozen=True, kw_only=True):
    """Which review is removed."""


class RestoredData(Reference, frozen=True, kw_only=True):
    """Which review is restored."""


class AnsweredData(Reference, frozen=True, kw_only=True):
    """Which review is answered, and how."""

    answer: Annotated[AnswerData, Meta(description="The company's public reply.")]


Data = CreatedData | EditedData | RemovedData | RestoredData | AnsweredData
DATA: Mapping[str, type[Data]] = MappingProxyType(
    {
        "review.created": CreatedData,
        "review.edited": EditedData,
        "review.removed": RemovedData,
        "review.restored": RestoredData,
        "review.answered": AnsweredData,
    }
)
UNKNOWN_TYPE: Final = f"type: must be one of {', '.join(DATA)}"
ENVELOPE: Final = frozenset({"type", "timestamp", "id"})
"""What an event holds besides its data."""

# The same for `read_plain`. A regular expression takes half a microsecond, so ids and links are checked later. A whole
# number is decoded as one, so that only fractions need the search for extreme numbers, which takes a microsecond and is
# often misled by UUIDs.
_PlainId = Annotated[str, Meta(min_length=1, max_length=MAX_ID_CHARS)]
_PlainUrl = Annotated[str, Meta(min_length=1, max_length=MAX_URL_CHARS)]
_PlainNumber = Annotated[int, Meta(ge=-int(MAX_BOUND), le=int(MAX_BOUND))] | float


class _PlainScale(Scale, frozen=True):
    min: _PlainNumber
    max: _PlainNumber


class _PlainCreated(CreatedData, frozen=True, kw_only=True):
    id: _PlainId
    rating: _PlainNumber
    scale: _PlainScale | UnsetType | None = UNSET
    url: _PlainUrl | UnsetType | None = UNSET


class _PlainEdited(EditedData, frozen=True, kw_only=True):
    id: _PlainId
    rating: _PlainNumber | UnsetType | None = UNSET
    scale: _PlainScale | UnsetType | None = UNSET
    url: _PlainUrl | UnsetType | None = UNSET


class _Created(msgspec.Struct, frozen=True, tag_field="type", tag="review.created", gc=False):
    data: _PlainCreated


class _Edited(msgspec.Struct, frozen=True, tag_field="type", tag="review.edited", gc=False):
    data: _PlainEdited


class _Removed(msgspec.Struct, frozen=True, tag_field="type", tag="review.removed"):
    data: RemovedData


class _Restored(msgspec.Struct, frozen=True, tag_field="type", tag="review.restored"):
    data: RestoredData


class _Answered(msgspec.Struct, frozen=True, tag_field="type", tag="review.answered"):
    data: AnsweredData


PlainEvent = _Created | _Edited | _Removed | _Restored | _Answered
PlainBody = Annotated[list[PlainEvent], Meta(max_length=MAX_EVENTS)] | PlainEvent
_decode_plain = plain_decoder(msgspec.json.Decoder(PlainBody).decode)


def read_plain(body: bytes, source: KeyedSource) -> list[Item] | None:
    """Return what `normalise` makes of a body; None for one that is not cleared at once."""
    decoded = _decode_plain(body)
    if decoded is None:
        return None
    events = decoded if isinstance(decoded, list) else [decoded]
    fraction = False
    for event in events:
        data = event.data
        if not data.id.isprintable() or LOST in data.id:
            return None
        if isinstance(data, (_PlainCreated, _PlainEdited)):
            if data.url and not _is_plain_link(data.url):
                return None
            fraction = fraction or _has_a_fraction(data)
    if fraction and may_hold_an_extreme_number(body):
        return None
    return [_instruction(event.data, source) for event in events]


def _is_plain_link(url: str) -> bool:
    """Say whether a text matches the pattern of links for certain: all whitespace but the space is unprintable."""
    return (
        url.startswith(("https://", "http://")) and len(url) > len("https://") and url.isprintable() and " " not in url
    )


def _has_a_fraction(data: _PlainCreated | _PlainEdited) -> bool:
    numbers = (data.rating, data.scale.min, data.scale.max) if data.scale else (data.rating,)
    return float in map(type, numbers)


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event or an array of up to 1,000."""
    events = check_count(body) if isinstance(body, list) else [body]
    return [read_event(event, source) for event in events]


def read_event(event: object, source: KeyedSource) -> Item:
    """Return what one decoded event says, or why it cannot be read, or that it is not for us."""
    if isinstance(event, Quarantined):
        return event
    if not isinstance(event, dict):
        return not_an_object(event, 'an event is an object with "type" and "data"')
    kind = event.get("type")
    if not isinstance(kind, str):
        return Quarantined(UNKNOWN_TYPE)
    # Converting to one known class is several times faster than to a union of them.
    wanted = DATA.get(kind)
    if wanted is None:
        # Other platforms name a type too: what holds theirs and no "data" comes from elsewhere, and is no test ping.
        is_foreign = "data" not in event and not ENVELOPE.issuperset(event)
        return Quarantined(UNKNOWN_TYPE) if is_foreign else unknown_type("type", kind)
    try:
        data = convert(event.get("data"), wanted)
    except msgspec.ValidationError as error:
        return Quarantined(explain(str(error), root="data"))
    return _instruction(data, source)


def _instruction(data: Data, source: KeyedSource) -> Instruction | Quarantined:
    try:
        if isinstance(data, (_PlainCreated, CreatedData)):
            kind = data.kind or Kind.STARS
            return _write(data, source, kind, _scale(data.scale) or DEFAULT_SCALES[kind], CreateReview)
        if isinstance(data, (_PlainEdited, EditedData)):
            return _write(data, source, data.kind or UNSET, _scale(data.scale), EditReview)
        return _refer(data)
    except InvalidLanguageError as error:
        return Quarantined(f"data.{error}")
    except (OffScaleError, ImpossibleTimeError) as error:
        return Quarantined(f"data: {error}")


def _refer(data: RemovedData | RestoredData | AnsweredData) -> Instruction:
    if isinstance(data, AnsweredData):
        return AnswerReview(external_id=data.id, version=_version(data), answer=_answer(data.answer))
    instruction = RemoveReview if isinstance(data, RemovedData) else RestoreReview
    return instruction(external_id=data.id, version=_version(data))


def _write(
    data: CreatedData | EditedData,
    source: KeyedSource,
    kind: Kind | UnsetType,
    scale: Scale | UnsetType,
    instruction: type[CreateReview | EditReview],
) -> Instruction | Quarantined:
    subject = UNSET if data.subject is None else data.subject
    if subject is not UNSET and not is_subject_within(subject, source.subject):
        return Quarantined(
            f"data.subject: must be {source.subject!r} or below it, in at most 6 segments of a-z, 0-9, '.', '_' and '-'"
        )
    rating = UNSET if data.rating is None or data.rating is UNSET else float(data.rating)
    if rating is not UNSET and kind is not UNSET and scale is not UNSET:
        rate(rating, scale, kind)
    content = Content(
        subject=subject,
        rating=rating,
        scale=scale,
        kind=kind,
        published_at=utc_or_unset(data.published_at),
        edited_at=utc_or_unset(data.edited_at),
        title=data.title,
        text=data.text,
        language=checked_language(data.language),
        url=data.url,
        person=_person(data.author, source),
        verified=UNSET if data.verified is None else data.verified,
        origin=data.origin or UNSET,
        tags=UNSET if data.tags is None else data.tags,
        answer=_answer(data.answer) if data.answer else UNSET,
    )
    return instruction(external_id=data.id, version=_version(data), content=content)


def _version(data: Reference) -> int | None:
    return None if data.version is UNSET else data.version


def _scale(scale: Scale | UnsetType | None) -> Scale | UnsetType:
    return Scale(float(scale.min), float(scale.max)) if scale else UNSET


def _answer(data: AnswerData) -> AnswerContent:
    published_at = to_utc(data.published_at) if data.published_at else None
    return AnswerContent(text=data.text or "", published_at=published_at, state=data.state or AnswerState.PUBLISHED)


def _person(author: Author | UnsetType | None, source: KeyedSource) -> str | UnsetType | None:
    if author is UNSET or author is None:
        return author
    return person_key(source, email=author.email or None, person_id=author.id or None)


NATIVE_TELLS = Tells(
    edits="push",
    removals="push",
    restorations="push",
    answers="push",
    versions="push",
    verified="push",
    location="push",
    removals_are_final=True,
)
ADAPTER = Adapter(
    platform="native",
    title="Native format",
    proof=StandardWebhooks(),
    known="documented",
    tells=NATIVE_TELLS,
    normalise=normalise,
    read_plain=read_plain,
    decode=decode_events,
)
