"""What an adapter is: a pure translation from a platform's payload to our commands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from plaudit.ingest.domain.commands import Command, Quarantined
from plaudit.ingest.domain.source import Source

MAX_EVENTS: Final = 1_000
"""In one delivery."""

Normalise = Callable[[object, Source], list[Command | Quarantined]]
"""Takes the decoded body; returns one item for each of its events, in their order.

An event that cannot be taken becomes a `Quarantined` with a reason and disturbs no other. Raises `UnusableBodyError`
for a body that holds no events at all.
"""


class UnusableBodyError(ValueError):
    """A body that is JSON, but not of this platform's shape; the text says what is expected."""


@dataclass(frozen=True)
class Adapter:
    """One platform: how its deliveries prove where they come from, and how they are read."""

    platform: str
    proof: Literal["standard_webhooks", "path_token"]
    """A signature, or, where the platform signs nothing, a secret in the address."""
    normalise: Normalise


def check_count(events: list[object]) -> list[object]:
    """Return the events of a body, if there are 1 to 1,000; raises UnusableBodyError."""
    if not 1 <= len(events) <= MAX_EVENTS:
        raise UnusableBodyError(f"a delivery holds 1 to {MAX_EVENTS:,} events, this one holds {len(events):,}")
    return events
