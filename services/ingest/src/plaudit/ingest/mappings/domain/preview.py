"""What a mapping makes of a payload."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import UNSET

from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.adapter import BYTE_ORDER_MARK, decode_json
from plaudit.ingest.platforms.custom.adapter import events_of
from plaudit.ingest.platforms.expressions import BoundedInterpreter
from plaudit.ingest.platforms.fields import ImpossibleTimeError, InvalidLanguageError
from plaudit.ingest.platforms.mapped_fields import READERS, MappedFields, read_event_name
from plaudit.ingest.platforms.mapping import CREATED, REQUIRED, CompiledMapping, compiled
from plaudit.ingest.platforms.payload import UnreadableFieldError
from plaudit.ingest.reviews.domain.instructions import Item, Quarantined
from plaudit.ingest.reviews.domain.scales import OffScaleError
from plaudit.ingest.sources.domain import KeyedSource

MAX_EVENTS: Final = 100
"""That are shown."""

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"


class WrongField(msgspec.Struct, frozen=True):
    """A field that cannot be read."""

    field: str
    reason: str


class Previewed(msgspec.Struct, frozen=True):
    """What becomes of one event, and each field of it that cannot be read."""

    item: Item
    wrong: tuple[WrongField, ...] = ()


def preview(mapping: str, payload: bytes, time_zone: str | None = None) -> list[Previewed]:
    """Return what becomes of each event of a payload.

    Args:
        mapping: as JSON.
        payload: as it would be posted.
        time_zone: of times without a zone.

    Raises:
        InvalidMappingError: the mapping is none.
        InvalidJsonError: the payload is not JSON.
        UnusableBodyError: it has no events where the mapping says.
    """
    known, source = compiled(mapping), _source(mapping, time_zone)
    items = ADAPTERS["custom"].read(payload, source)
    body = decode_json(payload.removeprefix(BYTE_ORDER_MARK))
    events = events_of(body, known, BoundedInterpreter())
    shown = list(zip(items, events, strict=True))[:MAX_EVENTS]
    interpreter = BoundedInterpreter()
    return [
        Previewed(item, _wrong(event, source, known, interpreter) if isinstance(item, Quarantined) else ())
        for item, event in shown
    ]


def _wrong(
    event: object, source: KeyedSource, mapping: CompiledMapping, interpreter: BoundedInterpreter
) -> tuple[WrongField, ...]:
    if not isinstance(event, dict):
        return ()
    fields = MappedFields(event, source, mapping, interpreter)
    found = ((name, _reason(fields, name)) for name in mapping.fields)
    return tuple(WrongField(name, reason) for name, reason in found if reason is not None)


def _reason(fields: MappedFields, name: str) -> str | None:
    try:
        value = READERS[name](fields)
        if value is UNSET and name in REQUIRED and read_event_name(fields) == CREATED:
            raise fields.unreadable(name, "is missing")
    except (UnreadableFieldError, InvalidLanguageError, ImpossibleTimeError, OffScaleError) as error:
        return str(error)
    return None


def _source(mapping: str, time_zone: str | None) -> KeyedSource:
    """Return a source that there is not: its persons have keys that nobody else has."""
    return KeyedSource(
        tenant_id="",
        id=_NOBODY,
        name="",
        platform="custom",
        subject="",
        secret="",
        person_key=bytes(32),
        time_zone=time_zone,
        mapping=mapping,
        created_at=datetime(1970, 1, 1, tzinfo=UTC),
    )
