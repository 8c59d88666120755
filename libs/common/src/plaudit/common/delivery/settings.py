"""Settings of a service that sends messages."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from plaudit.common.settings import Networks
from plaudit.common.vault import VaultSettings


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
    delivery_sink_file: Path | None = None
    """Where messages are written, a line of JSON each, while neither a mail server nor an endpoint is configured."""
    delivery_keep_days: int = Field(default=90, ge=1, le=3_650)
    """How long a message is kept after all its deliveries have ended."""
