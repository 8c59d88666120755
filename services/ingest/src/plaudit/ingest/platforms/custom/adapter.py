"""Custom sources: any JSON, read by the expressions of the source's mapping.

What the expressions find is read as strictly as the fields of any other platform: a value that cannot be read
quarantines its event, with the field and its expression; nothing is made up.
"""

from dataclasses import replace
from typing import TypeVar

from msgspec import UNSET, UnsetType

from plaudit.common.strict_json import Unusable
from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError, check_count
from plaudit.ingest.platforms.expressions import BoundedInterpreter, ExpressionError
from plaudit.ingest.platforms.fields import not_an_object, unknown_type
from plaudit.ingest.platforms.mapped_fields import (
    MAX_SHOWN_CHARS,
    MappedFields,
    read_answer,
    read_content,
    read_event_name,
    read_version,
)
from plaudit.ingest.platforms.mapping import (
    ANSWERED,
    EDITED,
    REMOVED,
    RESTORED,
    CompiledMapping,
    compiled,
)
from plaudit.ingest.platforms.payload import read_event
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import (
    AnswerReview,
    CreateReview,
    EditReview,
    Item,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.sources.domain import KeyedSource

Value = TypeVar("Value")


def events_of(body: object, mapping: CompiledMapping, interpreter: BoundedInterpreter) -> list[object]:
    """Return the events of a body.

    Raises:
        UnusableBodyError: there is neither an array nor an object where they should be.
    """
    try:
        found = body if mapping.events is None else mapping.events.search(body, interpreter)
    except ExpressionError as error:
        raise UnusableBodyError(f"events: {error}") from error
    if isinstance(found, Unusable):
        raise UnusableBodyError(f"events: {found}")
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        where = "the body" if mapping.events is None else f"events ({mapping.events.text[:MAX_SHOWN_CHARS]})"
        raise UnusableBodyError(f"expected {where} to be an array or an object")
    return check_count(found)


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a body by the mapping of its source."""
    if source.mapping is None:
        raise UnusableBodyError("the source has no mapping")
    mapping, interpreter = compiled(source.mapping), BoundedInterpreter()
    return [_item(event, source, mapping, interpreter) for event in events_of(body, mapping, interpreter)]


def _item(event: object, source: KeyedSource, mapping: CompiledMapping, interpreter: BoundedInterpreter) -> Item:
    if not isinstance(event, dict):
        return not_an_object(event, "an event: must be an object")
    fields = MappedFields(event, source, mapping, interpreter)
    return read_event(event, source, lambda _: _read(fields))


def _read(event: MappedFields) -> Item:
    happened = read_event_name(event)
    if happened is None:
        return unknown_type("event", event.name("event") or "")
    external_id, version = event.id("id"), read_version(event)
    if happened in {REMOVED, RESTORED}:
        instruction = RemoveReview if happened == REMOVED else RestoreReview
        return instruction(external_id=external_id, version=version)
    if happened == ANSWERED:
        return AnswerReview(
            external_id=external_id, version=version, answer=_needed(event, "answer", read_answer(event))
        )
    if event.flag("removed") is True:
        return RemoveReview(external_id=external_id, version=version, is_standing=version is None)
    content = read_content(event)
    if happened == EDITED:
        return EditReview(external_id=external_id, version=version, content=content)
    _needed(event, "rating", content.rating)
    _needed(event, "published_at", content.published_at)
    return CreateReview(external_id=external_id, version=version, content=content)


def _needed(event: MappedFields, name: str, value: Value | UnsetType) -> Value:
    if value is UNSET:
        raise event.unreadable(name, "is missing")
    return value


def with_mapping(mapping: str) -> Adapter:
    """Return the adapter of the sources with this mapping: it proves and tells what the mapping says.

    Raises:
        InvalidMappingError: it is none.
    """
    known = compiled(mapping)
    return replace(ADAPTER, proof=known.proof, tells=known.tells)


ADAPTER = Adapter(
    platform="custom",
    title="A custom source",
    proof=PathToken(),
    known="shape",
    tells=Tells(),
    normalise=normalise,
    mapped=with_mapping,
)
