"""What an adapter is: a pure translation from a platform's payload to instructions."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from plaudit.common.strict_json import InvalidJsonError, Unusable, loads, loads_by_value
from plaudit.ingest.platforms.proofs import NoDeliveries, Proof
from plaudit.ingest.reviews.domain.instructions import Item
from plaudit.ingest.sources.domain import InvalidMappingError, InvalidMember, KeyedSource

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

Decode = Callable[[bytes, Mapping[bytes, bytes]], object]
"""Takes the bytes of a body and the headers by name; returns the value that `normalise` takes.

Raises `InvalidJsonError` or `UnusableBodyError`.
"""

Known = Literal["recorded", "documented", "shape"]
"""How well a platform's payload is known: a genuine one was seen, its own page was read, or only others' code."""

Way = Literal["push", "poll", "file", "never"]
"""How a platform tells something: in its webhook, when it is asked, in a file of its own, or not at all."""

NO_HEADERS: Final[Mapping[bytes, bytes]] = {}


class UnusableBodyError(ValueError):
    """A body that is not of this platform's shape; the text says what is expected."""


@dataclass(frozen=True, kw_only=True)
class Tells:
    """What a platform tells of its reviews. What it cannot tell is never judged by."""

    edits: Way = "never"
    removals: Way = "never"
    restorations: Way = "never"
    answers: Way = "never"
    versions: Way = "never"
    verified: Way = "never"
    location: Way = "never"
    removals_are_final: bool = False
    """Whether a removed review stays so until an event says that it is back; if not, a creation or an edit says it."""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One platform: what proves its deliveries, how they are read, and what they can tell."""

    platform: str
    title: str
    """The platform's own name."""
    proof: Proof
    known: Known
    tells: Tells
    normalise: Normalise
    read_plain: ReadPlain | None = None
    decode: Decode | None = None
    """For bodies that are not one JSON document each; JSON where it is None."""
    mapped: "Callable[[str], Adapter] | None" = None
    """For sources that have a mapping of their own: the adapter of those with this one."""
    ping: re.Pattern[bytes] | None = None
    """The body of what a platform posts without a proof when it is connected; it is answered 200, and not kept."""
    members: tuple[str, ...] = ()
    """What the object of a body has in any case, for the API's document."""
    in_array: bool = False
    """Whether the body is an array of such objects."""

    @property
    def posts(self) -> bool:
        """Whether anything that is posted to its sources can be proven; else their reviews are only asked for."""
        return not isinstance(self.proof, NoDeliveries)

    @property
    def needs_mapping(self) -> bool:
        """Whether each of its sources needs a mapping of its own."""
        return self.mapped is not None

    def of(self, mapping: str | None) -> "Adapter":
        """Return the adapter of a source, by its mapping.

        Raises:
            InvalidMappingError: it is none, there is none where one is needed, or one where none is taken.
        """
        if self.mapped is not None and mapping is not None:
            return self.mapped(mapping)
        if self.mapped is None and mapping is None:
            return self
        problem = "is missing" if mapping is None else f"{self.platform} takes none; `custom` does"
        raise InvalidMappingError([InvalidMember("", problem)])

    def proof_of(self, mapping: str | None) -> Proof:
        """Return what proves the deliveries of a source, by its mapping; it raises as `of` does."""
        return self.of(mapping).proof

    def read(self, body: bytes, source: KeyedSource, headers: Mapping[bytes, bytes] = NO_HEADERS) -> list[Item]:
        """Return one item for each event of a body.

        A byte order mark is skipped. What strict JSON refuses in one place costs no event but that one.

        Args:
            body: as it was received.
            source: that it was posted to.
            headers: by name in lower case.

        Raises:
            InvalidJsonError: it is not JSON at all, or beyond the limits of a body.
            UnusableBodyError: it is not of this platform's shape.
        """
        body = body.removeprefix(BYTE_ORDER_MARK)
        items = None if self.read_plain is None else self.read_plain(body, source)
        if items is not None:
            return items
        decoded = decode_json(body) if self.decode is None else self.decode(body, headers)
        return self.normalise(decoded, source)


def decode_json(body: bytes) -> object:
    """Return the value of a JSON document; what strict JSON refuses within it is an `Unusable` in its place.

    Raises:
        InvalidJsonError: it is not JSON at all, or beyond the limits of a body.
        UnusableBodyError: its one value is refused.
    """
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
