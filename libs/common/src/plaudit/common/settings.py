"""Settings of every process, from its environment; each service adds its own in its `settings.py`."""

import sys
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    return value.replace(",", " ").split() if isinstance(value, str) else value


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_split)]
"""Networks or single addresses, with spaces or commas between: `127.0.0.1 10.0.0.0/8`."""


class Settings(BaseSettings):
    """Frozen settings, read once in the composition root. Every variable starts with `PLAUDIT_`."""

    model_config = SettingsConfigDict(env_prefix="PLAUDIT_", frozen=True, extra="ignore")

    database_url: SecretStr
    """`postgresql://user:password@host:port/database`, or with `?host=/socket/folder`."""
    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_replication: int = Field(default=1, ge=1, le=5)
    """Copies of each partition of a new topic; all but one must be in sync for a write."""
    kafka_session_timeout_ms: int = Field(default=10_000, ge=1_000, le=60_000)
    """After so long without a heartbeat, a consumer's partitions go to others."""
    partitions: int = Field(default=8, ge=1, le=1024)
    """Of every topic; the same for all processes, and never changed on a running installation."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535)
    """Port of the API, or of the probes in a process without one; 0 takes a free port and logs it."""
    public_url: str = ""
    """The address of this service from outside, for links. Empty: its own host and port."""

    trusted_proxies: Networks = ()
    """Our own proxies, the front door among them. Who they say that they forward for is believed (`X-Forwarded-For`);
    without them, all clients behind a proxy count as one."""

    page_assets: Path | None = None
    """A folder with what pages use beyond our own files: a folder for each library, and `openapi.json`, the API
    reference of all services. Without it, pages work without those libraries."""

    log_level: str = "INFO"
    log_format: str = Field(default="auto", pattern="^(auto|json|pretty)$")

    database_pool_size: int = Field(default=8, ge=1, le=64)
    database_connect_timeout_seconds: float = 2.0
    database_open_timeout_seconds: float = 1.5
    """Until a transaction is open: a free connection, or a new one, and the server's first answer over it. For a
    transaction of one statement that answer is the commit."""
    database_worker_open_timeout_seconds: float = 4.0
    """The same for consumers, relay and jobs. Nobody waits for their answer, so on a loaded machine they wait rather
    than cut the connection, which would only add the cost of a new one. Below the relay's lease of 5 seconds."""
    database_command_timeout_seconds: float = 6.0
    """Longer than the server's `statement_timeout`: a server that has not answered by then is gone."""
    shutdown_timeout_seconds: float = 20.0

    test_clock: bool = False
    """Lets the row `common.clock_offset` move time; for tests only. Other processes ignore that row."""


S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S]) -> S:
    """Read the environment; when it is wrong, exit and name the variables, but not their values."""
    try:
        return kind()
    except ValidationError as error:
        wrong = [f"PLAUDIT_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        sys.exit("wrong settings in the environment:\n  " + "\n  ".join(wrong))
