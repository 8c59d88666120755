"""What an adapter is: a pure translation from a platform's payload to instructions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plaudit.common.strict_json import loads
from plaudit.ingest.reviews.domain.instructions import Instruction, Quarantined
from plaudit.ingest.sources.domain import KeyedSource, Proof

MAX_EVENTS: Final = 1_000
"""In one delivery."""

Normalise = Callable[[object, KeyedSource], list[Instruction | Quarantined]]
"""Takes the decoded body; returns one item for each of its events, in their order.

An event that cannot be read becomes a `Quarantined` with a reason and affects no other. Raises `UnusableBodyError`
for a body that holds no events at all.
"""


ReadPlain = Callable[[bytes, KeyedSource], list[Instruction | Quarantined] | None]
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

    def read(self, body: bytes, source: KeyedSource) -> list[Instruction | Quarantined]:
        """Return one item for each event of a body.

        Raises:
            InvalidJsonError: it is not strict JSON.
            UnusableBodyError: it holds no events at all.
        """
        instructions = None if self.read_plain is None else self.read_plain(body, source)
        return self.normalise(loads(body), source) if instructions is None else instructions


def check_count(events: list[object]) -> list[object]:
    """Return the events of a body.

    Raises:
        UnusableBodyError: there are not 1 to 1,000.
    """
    if not 1 <= len(events) <= MAX_EVENTS:
        raise UnusableBodyError(f"a delivery holds 1 to {MAX_EVENTS:,} events, this one holds {len(events):,}")
    return events
