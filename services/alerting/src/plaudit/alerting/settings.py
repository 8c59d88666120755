"""The settings of alerting beyond the common ones."""

from pydantic import Field

from plaudit.common.settings import EmailAddress, Settings


class AlertingSettings(Settings):
    """Frozen settings of alerting."""

    owner_email: EmailAddress
    """Who gets a mail when a clock starts, and when it is breached."""

    smtp_host: str = "127.0.0.1"
    """Alerting always sends mails: without this setting, to the mail catcher of the same machine."""
    mail_max_attempts: int = Field(default=8, ge=1, le=50)
    mail_first_retry_seconds: float = Field(default=5.0, gt=0)
    """Before the second attempt; tripled before each later one, up to a quarter of an hour."""
    mail_parallel: int = Field(default=4, ge=1, le=32)
    mail_poll_seconds: float = Field(default=0.5, gt=0, le=5)

    timer_poll_seconds: float = Field(default=0.25, gt=0, le=5)
    timer_batch_clocks: int = Field(default=2_000, ge=1, le=5_000)
    cadence_poll_seconds: float = Field(default=1.0, gt=0, le=60)
    longest_wait_seconds: float = Field(default=60.0, ge=0, le=600)
    """Until all reviews written up to a due time have been read; after it a breach is provisional."""
