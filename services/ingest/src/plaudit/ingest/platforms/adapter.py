"""What an adapter is: a pure translation from a platform's payload to instructions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plaudit.common.strict_json import InvalidJsonError, Unusable, loads, loads_by_value
from plaudit.ingest.reviews.domain.instructions import Item
from plaudit.ingest.sources.domain import KeyedSource, Proof

MAX_EVENTS: Final = 1_000
"""In one delivery."""
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""In front of a body, where RFC 8259 allows a reader to skip it."""

Normalise = Callable[[object, KeyedSource], list[Item]]
"""Takes the decoded body; returns one item for each of its events, in their order.

An event that cannot be read becomes a `Quarantined` with a reason and affects no other; one that is not for us, such as
a test ping, an `Ignored`. A value that is `Unusable` costs the event that reads it. Raises `UnusableBodyError` for a
body that is not of the platform's shape.
"""


ReadPlain = Callable[[bytes, KeyedSource], list[Item] | None]
"""Takes the bytes of a body; returns what `normalise` makes of it, or None for one that it cannot clear at once."""


class UnusableBodyError(ValueError):
    """A body that is JSON, but not of this platform's shape; the text says what is expected."""


@dataclass(frozen=True)
class Adapter:
    """One platform: what proves its deliveries, and how they are read."""

    platform: str
    proof: Proof
    normalise: Normalise
    read_plain: ReadPlain | None = None
    removals_are_final: bool = True
    """Whether the platform says so when it takes a removal back. Where it does not, a later creation or edit does."""

    def read(self, body: bytes, source: KeyedSource) -> list[Item]:
        """Return one item for each event of a body.

        A byte order mark is skipped. What strict JSON refuses in one place costs no event but that one.

        Raises:
            InvalidJsonError: it is not JSON at all, or beyond the limits of a body.
            UnusableBodyError: it is not of this platform's shape.
        """
        body = body.removeprefix(BYTE_ORDER_MARK)
        items = None if self.read_plain is None else self.read_plain(body, source)
        return self.normalise(_decoded(body), source) if items is None else items


def _decoded(body: bytes) -> object:
    try:
        return loads(body)
    except InvalidJsonError:
        value = loads_by_value(body)
    if isinstance(value, Unusable):
        raise UnusableBodyError(str(value))
    return value


def check_count(events: list[object]) -> list[object]:
    """Return the events of a body.

    Raises:
        UnusableBodyError: there are more than 1,000.
    """
    if len(events) > MAX_EVENTS:
        raise UnusableBodyError(f"a delivery holds at most {MAX_EVENTS:,} events, this one holds {len(events):,}")
    return events
