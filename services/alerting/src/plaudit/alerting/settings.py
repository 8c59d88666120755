"""The settings of alerting beyond the common ones."""

from email.headerregistry import Address
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from plaudit.common.settings import Settings


def _checked_address(value: str) -> str:
    """Return one plain address: nothing that could become a second header or a second recipient."""
    try:
        address = Address(addr_spec=value)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{value!r} is not one e-mail address such as care@example.com") from error
    if not address.username or not address.domain or not value.isascii() or not value.isprintable():
        raise ValueError(f"{value!r} is not one e-mail address such as care@example.com")
    return value


EmailAddress = Annotated[str, AfterValidator(_checked_address)]


class AlertingSettings(Settings):
    """Frozen settings of alerting."""

    owner_email: EmailAddress
    """Who gets a mail when a clock starts, and when it is breached."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=1025, ge=1, le=65535)
    smtp_security: str = Field(default="none", pattern="^(none|starttls|tls)$")
    """`none` only for a mailbox on the same machine; `starttls` requires it."""
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_timeout_seconds: float = Field(default=10.0, gt=0, le=30)
    """For the whole exchange about one mail."""
    mail_from: EmailAddress = "plaudit@localhost.localdomain"
    mail_max_attempts: int = Field(default=8, ge=1, le=50)
    mail_first_retry_seconds: float = Field(default=5.0, gt=0)
    """Before the second attempt; tripled before each later one, up to a quarter of an hour."""
    mail_parallel: int = Field(default=4, ge=1, le=32)
    mail_poll_seconds: float = Field(default=0.5, gt=0, le=5)

    timer_poll_seconds: float = Field(default=0.25, gt=0, le=5)
    timer_batch_clocks: int = Field(default=2_000, ge=1, le=5_000)
    longest_wait_seconds: float = Field(default=60.0, ge=0, le=600)
    """Until all reviews written up to a due time have been read; after it a breach is provisional."""
