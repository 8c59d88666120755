"""Settings of a service that sends messages."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import NoDecode

from plaudit.common.delivery.domain.gathering import Pace
from plaudit.common.settings import Networks
from plaudit.common.vault import VaultSettings

MAX_WINDOWS: Final = 8
"""In which messages are gathered."""


def _split(value: object) -> object:
    return value.replace(",", " ").split() if isinstance(value, str) else value


class DeliverySettings(VaultSettings):
    """What a service needs to send messages; the addresses and secrets of endpoints are in its vault."""

    delivery_ports: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)] = (443, 8443)
    """Ports of endpoints that are connected to, with spaces or commas between."""
    delivery_private_networks: Networks = ()
    """Private networks in which the company has endpoints of its own. All others are never connected to; link-local
    and metadata addresses are not, whatever is named here."""
    delivery_plain_http: bool = False
    """Whether an endpoint's address may begin with http://: what is sent there can be read on its way."""
    delivery_timeout_seconds: float = Field(default=15.0, gt=0, le=30)
    """For an exchange with an endpoint, from looking up its name to the end of its answer."""
    delivery_parallel: int = Field(default=64, ge=1, le=200)
    """Deliveries at a time in this process."""
    delivery_per_outlet: int = Field(default=8, ge=1, le=64)
    """Deliveries at a time to one endpoint, and to the mail server for one tenant; one at a time where that fails."""
    delivery_poll_seconds: float = Field(default=0.25, gt=0, le=5)
    delivery_gather_seconds: Annotated[tuple[float, ...], NoDecode, BeforeValidator(_split)] = (
        55.0,
        120.0,
        300.0,
        600.0,
    )
    """How long messages of one kind to one recipient are gathered, one window after the other while they come, with
    spaces or commas between; the last one repeats. The first leaves a few seconds for sending, so that what follows a
    message is told within a minute."""
    delivery_storm_messages: int = Field(default=60, ge=1, le=10_000)
    """Messages an hour to the people of one tenant, above which only summaries leave, every ten minutes."""
    delivery_sink_file: Path | None = None
    """Where messages are written, a line of JSON each, while neither a mail server nor an endpoint is configured."""
    delivery_keep_days: int = Field(default=90, ge=1, le=3_650)
    """How long a message is kept after all its deliveries have ended."""

    @field_validator("delivery_gather_seconds")
    @classmethod
    def _check_windows(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        """Return windows that grow, within their limits."""
        is_growing = all(before <= after for before, after in itertools.pairwise(given))
        if not 1 <= len(given) <= MAX_WINDOWS or not is_growing or not all(1 <= each <= 3_600 for each in given):
            raise ValueError(
                f"name one to {MAX_WINDOWS} windows of 1 to 3600 seconds, none shorter than the one before"
            )
        return given

    @property
    def pace(self) -> Pace:
        """How long messages are gathered."""
        return Pace(tuple(timedelta(seconds=each) for each in self.delivery_gather_seconds))
