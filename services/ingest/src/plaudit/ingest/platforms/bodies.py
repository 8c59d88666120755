"""Bodies that hold events otherwise than as plain JSON: CloudEvents over HTTP, and a JSON document on each line.

CloudEvents 1.0 come in three ways: structured (one JSON document), in a batch (an array of those), and binary, where
the headers `ce-…` hold the attributes and the body is the data alone. The first two are read as any JSON.
"""

import re
from base64 import b64decode
from binascii import Error as InvalidBase64Error
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.platforms.adapter import UnusableBodyError, check_count, decode_json
from plaudit.ingest.reviews.domain.instructions import Quarantined

CONTENT_TYPE: Final = b"content-type"
LINES: Final = frozenset({b"application/x-ndjson", b"application/ndjson", b"application/jsonl"})
SPEC_VERSION: Final = "1.0"

_ATTRIBUTE: Final = b"ce-"
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPED: Final = re.compile(r"\\(.)")


def decode_events(body: bytes, headers: Mapping[bytes, bytes]) -> object:
    """Return the events of a body: one object, or an array, with `Quarantined` for each line that is no JSON.

    Raises:
        InvalidJsonError: it is not JSON at all.
        UnusableBodyError: it is not of this shape.
    """
    content_type = headers.get(CONTENT_TYPE, b"")
    media_type = content_type.partition(b";")[0].strip().lower()
    if media_type in LINES:
        return check_count([_line(number, line) for number, line in enumerate(body.splitlines(), 1) if line.strip()])
    if b"ce-specversion" in headers:
        return _binary(body, headers, media_type, content_type)
    value = decode_json(body)
    return [_structured(each) for each in value] if isinstance(value, list) else _structured(value)


def _line(number: int, line: bytes) -> object:
    try:
        return _structured(decode_json(line))
    except (InvalidJsonError, UnusableBodyError) as error:
        return Quarantined(f"line {number}: {error}")


def _binary(body: bytes, headers: Mapping[bytes, bytes], media_type: bytes, content_type: bytes) -> object:
    attributes: dict[str, object] = {}
    for name, value in headers.items():
        if name.startswith(_ATTRIBUTE):
            attribute = name[len(_ATTRIBUTE) :].decode("latin-1")
            try:
                attributes[attribute] = _attribute(value.decode("latin-1"))
            except UnicodeDecodeError:
                return Quarantined(f"{attribute}: must be UTF-8 where it is percent-encoded")
    if media_type not in {b"", b"application/json"} and not media_type.endswith(b"+json"):
        raise UnusableBodyError("the data of a CloudEvent must be JSON, and its content-type must say so")
    return _checked({**attributes, "datacontenttype": content_type.decode("latin-1"), "data": decode_json(body)})


def _attribute(value: str) -> str:
    """Return what a header says: older senders put it in double quotes, later ones percent-encode it."""
    if _QUOTED.fullmatch(value):
        value = _ESCAPED.sub(r"\1", value[1:-1])
    return unquote(value, errors="strict")


def _structured(event: object) -> object:
    """Return an event, with its data decoded where it is a CloudEvent that holds it in base64."""
    if not isinstance(event, dict) or "specversion" not in event:
        return event
    written = event.get("data_base64")
    if not isinstance(written, str) or "data" in event:
        return _checked(event)
    try:
        return _checked({**event, "data": decode_json(b64decode(written, validate=True))})
    except (InvalidBase64Error, InvalidJsonError, UnusableBodyError, ValueError) as error:
        return Quarantined(f"data_base64: {error}")


def _checked(event: dict[str, object]) -> object:
    if event["specversion"] != SPEC_VERSION:
        return Quarantined(f"specversion: must be {SPEC_VERSION}")
    return event
