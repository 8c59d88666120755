"""Settings of every process, from its environment; each service adds its own in its `settings.py`."""

import sys
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from plaudit.common import mailbox


def _split(value: object) -> object:
    return value.replace(",", " ").split() if isinstance(value, str) else value


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_split)]
"""Networks or single addresses, with spaces or commas between: `127.0.0.1 10.0.0.0/8`."""


def _checked_address(value: str) -> str:
    """Return one plain address in ASCII: nothing that could become a second header or a second recipient."""
    try:
        address = mailbox.server_address(value)
    except mailbox.NotAMailboxError:
        address = ""
    if not address or not address.isascii():
        raise ValueError(f"{value!r} is not one e-mail address such as care@example.com")
    return address


EmailAddress = Annotated[str, AfterValidator(_checked_address)]


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
    http_max_connections: int = Field(default=800, ge=1, le=1_000_000)
    """Open at once; one beyond gets a 503. Keep it below the number of files that the process may open."""
    http_max_body_bytes_in_flight: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    """Of all request bodies together that are not answered yet; a request beyond gets a 503. Above the largest body."""
    public_url: str = ""
    """The address of Plaudit from outside, for links: that of the front door. Empty: this process's host and port."""

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

    smtp_host: str = ""
    """The server that takes our mails. Empty: this process sends none, and says so where one is asked for."""
    smtp_port: int = Field(default=1025, ge=1, le=65535)
    smtp_security: str = Field(default="none", pattern="^(none|starttls|tls)$")
    """`none` only for a mailbox on the same machine; `starttls` requires it."""
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_timeout_seconds: float = Field(default=10.0, gt=0, le=30)
    """For the whole exchange about one mail."""
    mail_from: EmailAddress = "plaudit@localhost.localdomain"

    session_idle_hours: float = Field(default=12.0, gt=0, le=24 * 30)
    """A session of staff ends when it was not used for so long."""
    session_max_days: float = Field(default=7.0, gt=0, le=90)
    """It ends after so long, however much it is used."""
    sign_in_link_minutes: float = Field(default=15.0, gt=0, le=24 * 60)
    """How long a link that was asked for on the sign-in page may be used."""
    invitation_days: float = Field(default=3.0, gt=0, le=30)
    """How long the link of an invitation may be used."""
    sign_ins_per_hour_per_network: int = Field(default=60, ge=1)
    """Attempts to sign in. A network is the /24 of an IPv4 address, the /48 of an IPv6 one."""
    sign_in_links_per_hour_per_address: int = Field(default=6, ge=1)
    """Links that can be asked for with one e-mail address."""

    oidc_issuer: str = Field(default="", pattern=r"^(https://\S+|http://(localhost|127\.0\.0\.1)(:\d+)?(/\S*)?)?$")
    """The OpenID provider that staff may sign in with, for example `https://id.example.com`. Empty: none."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_tenant: str = "default"
    """The tenant whose accounts it vouches for."""
    oidc_name: str = "single sign-on"
    """What the button on the sign-in page calls it."""
    oidc_timeout_seconds: float = Field(default=5.0, gt=0, le=30)
    """For each request to the provider."""

    test_clock: bool = False
    """Lets the row `common.clock_offset` move time; for tests only. Other processes ignore that row."""


S = TypeVar("S", bound=Settings)


def address_of(settings: Settings) -> str:
    """Return the address from outside, for links: without a slash at its end."""
    return (settings.public_url or f"http://{settings.http_host}:{settings.http_port}").rstrip("/")


def read_settings(kind: type[S]) -> S:
    """Read the environment; when it is wrong, exit and name the variables, but not their values."""
    try:
        return kind()
    except ValidationError as error:
        sys.exit("wrong settings in the environment:\n  " + "\n  ".join(complaints(error)))


def complaints(error: ValidationError) -> list[str]:
    """Return what is wrong with each variable of the environment, without its value."""
    return [f"PLAUDIT_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
