"""CloudEvents 1.0 in Kafka's structured mode: a strict reader of records.

Contract tests hold our events against it. It takes what the specification allows and nothing else: a missing id, say,
is an error and never made up, since duplicates are told by it.

Sources: cloudevents/spec, `cloudevents/spec.md`, `formats/json-format.md`, `bindings/kafka-protocol-binding.md`.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from plaudit.common.strict_json import InvalidJsonError, loads

MEDIA_TYPE: Final = "application/cloudevents+json"
SPEC_VERSION: Final = "1.0"
MAX_ATTRIBUTE_NAME_CHARS: Final = 20
_INT32 = range(-(2**31), 2**31)

_NAME = re.compile(rf"[a-z0-9]{{1,{MAX_ATTRIBUTE_NAME_CHARS}}}")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = rf'[ \t]*;[ \t]*({_WORD})=({_WORD}|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -~])*")'
_MEDIA_TYPE = re.compile(rf"({_WORD}/{_WORD})((?:{_PARAMETER})*)[ \t]*")
_CHARSET = re.compile(rf"{_PARAMETER}")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(?:[Zz]|([+-](?:[01]\d|2[0-3]):[0-5]\d))", re.ASCII
)
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef]|[\ufffe\uffff]")
_PLANE_END = 0xFFFE
_CORE = frozenset({"id", "source", "specversion", "type", "time", "subject", "datacontenttype", "dataschema"})


class InvalidEventError(ValueError):
    """A record that is no CloudEvent; the text names the attribute and what it must be."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `data` is what JSON held, or bytes if it came as `data_base64`; `has_data` tells null from nothing."""

    id: str
    source: str
    type: str
    specversion: str = SPEC_VERSION
    time: datetime | None = None
    """UTC; a finer fraction than a microsecond is cut off."""
    subject: str | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    extensions: Mapping[str, str | int | bool] = msgspec.field(default_factory=dict)
    data: object = None
    has_data: bool = False


def decode(content_type: bytes | str | None, value: bytes | None) -> CloudEvent:
    """Return the event of a Kafka record, given its `content-type` header and its value.

    Raises:
        InvalidEventError: whatever else is in the record.

    """
    _check_content_type(content_type)
    if value is None:
        raise InvalidEventError("the record has no value; a structured event always has one")
    try:
        members = loads(value)
    except InvalidJsonError as error:
        raise InvalidEventError(f"the value is not JSON: {error}") from error
    if not isinstance(members, dict):
        raise InvalidEventError("the value is not a JSON object")
    has_data, data = _take_data(members)
    # The JSON format lets an unset attribute be written as null.
    attributes = {name: value for name, value in members.items() if value is not None}
    _check_names(attributes)
    time = _optional(attributes, "time")
    return CloudEvent(
        id=_text(attributes, "id"),
        source=_uri_reference(attributes, "source"),
        type=_text(attributes, "type"),
        specversion=_spec_version(attributes),
        time=None if time is None else parse_time(time),
        subject=_optional(attributes, "subject"),
        datacontenttype=_media_type(attributes),
        dataschema=_absolute_uri(attributes, "dataschema"),
        extensions={name: _extension(name, value) for name, value in attributes.items() if name not in _CORE},
        data=data,
        has_data=has_data,
    )


def parse_time(text: str) -> datetime:
    """Return the UTC instant of an RFC 3339 timestamp, with seconds and a zone; a leap second is refused.

    Raises:
        InvalidEventError: anything else.

    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidEventError(f"time {text[:40]!r} is not an RFC 3339 timestamp with seconds and a zone")
    date, clock, fraction, offset = match.groups()
    try:
        written = datetime.fromisoformat(f"{date}T{clock}.{(fraction or '').ljust(6, '0')}{offset or '+00:00'}")
        return written.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidEventError(f"time {text[:40]!r} does not exist") from error


def _check_content_type(content_type: bytes | str | None) -> None:
    if content_type is None:
        raise InvalidEventError(f"the record has no content-type; it must be {MEDIA_TYPE}")
    text = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    match = _MEDIA_TYPE.fullmatch(text)
    if match is None or match[1].lower() != MEDIA_TYPE:
        raise InvalidEventError(f"content-type {text[:80]!r} is not {MEDIA_TYPE}")
    for name, value in _CHARSET.findall(match[2]):
        if name.lower() == "charset" and value.strip('"').lower() not in {"utf-8", "us-ascii"}:
            raise InvalidEventError(f"charset {value[:40]!r} is not utf-8")


def _take_data(members: dict[str, object]) -> tuple[bool, object]:
    """Remove the payload from the members; say whether there is one, and which."""
    if "data" in members and members.get("data_base64") is not None:
        raise InvalidEventError("data and data_base64 are both there; an event has one of them")
    encoded = members.pop("data_base64", None)
    if encoded is None:
        return "data" in members, members.pop("data", None)
    if not isinstance(encoded, str) or not _BASE64.fullmatch(encoded):
        raise InvalidEventError("data_base64 is not base64")
    return True, b64decode(encoded)


def _check_names(attributes: Mapping[str, object]) -> None:
    for name in attributes:
        if not _NAME.fullmatch(name):
            raise InvalidEventError(f"attribute name {name[:40]!r} is not 1 to 20 of a-z and 0-9")


def _text(attributes: Mapping[str, object], name: str) -> str:
    if name not in attributes:
        raise InvalidEventError(f"{name} is missing")
    return _string(name, attributes[name])


def _optional(attributes: Mapping[str, object], name: str) -> str | None:
    return _text(attributes, name) if name in attributes else None


def _string(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidEventError(f"{name} is not a string with at least one character")
    return _allowed(name, value)


def _allowed(name: str, value: str) -> str:
    # The last two code points of every plane are no characters.
    if _FORBIDDEN.search(value) or any(ord(character) & 0xFFFF >= _PLANE_END for character in value):
        raise InvalidEventError(f"{name} holds a control character or a code point that is no character")
    return value


def _spec_version(attributes: Mapping[str, object]) -> str:
    version = _text(attributes, "specversion")
    if version != SPEC_VERSION:
        raise InvalidEventError(f"specversion {version[:20]!r} is not {SPEC_VERSION}")
    return version


def _uri_reference(attributes: Mapping[str, object], name: str) -> str:
    text = _text(attributes, name)
    try:
        urlsplit(text)
    except ValueError as error:
        raise InvalidEventError(f"{name} {text[:80]!r} is not a URI reference") from error
    if not _URI_REFERENCE.fullmatch(text):
        raise InvalidEventError(f"{name} {text[:80]!r} is not a URI reference")
    return text


def _absolute_uri(attributes: Mapping[str, object], name: str) -> str | None:
    if name not in attributes:
        return None
    text = _uri_reference(attributes, name)
    if not _SCHEME.match(text):
        raise InvalidEventError(f"{name} {text[:80]!r} is not an absolute URI")
    return text


def _media_type(attributes: Mapping[str, object]) -> str | None:
    text = _optional(attributes, "datacontenttype")
    if text is not None and not _MEDIA_TYPE.fullmatch(text):
        raise InvalidEventError(f"datacontenttype {text[:80]!r} is not a media type")
    return text


def _extension(name: str, value: object) -> str | int | bool:
    if isinstance(value, int) and value in _INT32:  # a boolean is one of them
        return value
    if isinstance(value, str):
        return _allowed(name, value)
    raise InvalidEventError(f"{name} is not a string, a boolean or an integer of 32 bits")
