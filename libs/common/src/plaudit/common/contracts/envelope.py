"""CloudEvents 1.0 envelopes, structured mode, as they stand in an outbox row and on the bus."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

Data = TypeVar("Data")

NonEmpty = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Epoch = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,18}\z")]
Sequence = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{20}\z")]

CONTENT_TYPE = "application/cloudevents+json"
"""The one header of every record, `content-type`."""


class PendingEnvelope(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, omit_defaults=True):
    """An event as its outbox row holds it: everything but its place in the partition.

    The relay splices `epoch` and `sequence` in before the closing brace when it numbers the row.
    """

    id: NonEmpty
    source: NonEmpty
    type: NonEmpty
    time: datetime
    subject: NonEmpty
    tenant: NonEmpty
    data: Data
    specversion: Literal["1.0"]
    datacontenttype: Literal["application/json"]
    traceparent: str | None = None


class Envelope(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, omit_defaults=True):
    """An event as it is on the bus.

    `epoch` and `sequence` number the records of a partition without gaps: a consumer applies the next one only.
    Both are strings, since a CloudEvents integer has 32 bits; `sequence` has 20 digits, so that it sorts as text.
    """

    id: NonEmpty
    source: NonEmpty
    type: NonEmpty
    time: datetime
    subject: NonEmpty
    tenant: NonEmpty
    data: Data
    epoch: Epoch
    sequence: Sequence
    specversion: Literal["1.0"]
    datacontenttype: Literal["application/json"]
    traceparent: str | None = None
