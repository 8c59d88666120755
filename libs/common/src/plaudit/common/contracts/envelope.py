"""CloudEvents 1.0 envelopes in structured mode, as they are in an outbox row and on the bus."""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from plaudit.common.contracts.time import Instant

Data = TypeVar("Data")

NonEmpty = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
# Patterns are in the schema only: checking it would cost a microsecond a record, and reading the number checks it.
Epoch = Annotated[str, msgspec.Meta(min_length=1, max_length=19, extra_json_schema={"pattern": "^[1-9][0-9]{0,18}$"})]
Sequence = Annotated[str, msgspec.Meta(min_length=20, max_length=20, extra_json_schema={"pattern": "^[0-9]{20}$"})]
TRACEPARENT_PATTERN = "^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$"
Traceparent = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": TRACEPARENT_PATTERN})]
TRACESTATE_MEMBER = r"([0-9a-z][0-9a-z_*/@-]{0,255})=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
"""One `key=value` of a list; its group is the key."""
MAX_TRACESTATE_MEMBERS = 32
MAX_TRACESTATE_CHARS = 512
TRACESTATE_PATTERN = f"^{TRACESTATE_MEMBER}(,{TRACESTATE_MEMBER}){{0,{MAX_TRACESTATE_MEMBERS - 1}}}$"
Tracestate = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_TRACESTATE_CHARS, "pattern": TRACESTATE_PATTERN}),
]

CONTENT_TYPE = "application/cloudevents+json"
"""The one header of every record, `content-type`."""


class PendingEnvelope(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, omit_defaults=True):
    """An event in its outbox row: everything but its number in the partition.

    The relay adds `epoch` and `sequence` before the closing brace when it numbers the row.
    """

    id: NonEmpty
    source: NonEmpty
    type: NonEmpty
    time: Instant
    subject: NonEmpty
    tenant: NonEmpty
    data: Data
    specversion: Literal["1.0"]
    datacontenttype: Literal["application/json"]
    traceparent: Traceparent | None = None
    tracestate: Tracestate | None = None


class Envelope(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, omit_defaults=True):
    """An event as it is on the bus.

    `epoch` and `sequence` number the records of a partition without gaps; a consumer applies the next number only.
    Both are strings, since a CloudEvents integer has 32 bits; `sequence` has 20 digits, so that it sorts as text.
    """

    id: NonEmpty
    source: NonEmpty
    type: NonEmpty
    time: Instant
    subject: NonEmpty
    tenant: NonEmpty
    data: Data
    epoch: Epoch
    sequence: Sequence
    specversion: Literal["1.0"]
    datacontenttype: Literal["application/json"]
    traceparent: Traceparent | None = None
    tracestate: Tracestate | None = None
