"""The settings of alerting beyond the common ones."""

from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from plaudit.common.delivery.settings import DeliverySettings
from plaudit.common.settings import EmailAddress
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of


class AlertingSettings(DeliverySettings):
    """Frozen settings of alerting."""

    owner_email: EmailAddress
    """Who gets a mail when a clock starts, and when it is breached."""

    smtp_host: str = "127.0.0.1"
    """Alerting always sends mails: without this setting, to the mail catcher of the same machine."""
    owner_time_zone: str = "UTC"
    """The zone in which the owner reads times, such as `Europe/Berlin`."""

    timer_poll_seconds: float = Field(default=0.25, gt=0, le=5)
    timer_batch_clocks: int = Field(default=2_000, ge=1, le=5_000)
    cadence_poll_seconds: float = Field(default=1.0, gt=0, le=60)
    longest_wait_seconds: float = Field(default=60.0, ge=0, le=600)
    """Until all reviews written up to a due time have been read; after it a breach is provisional."""

    incidents_per_hour_per_network: int = Field(default=3_600, ge=1)
    """Questions for public pages, feeds and banners of incidents, of one network."""

    @field_validator("owner_time_zone")
    @classmethod
    def _check_zone(cls, given: str) -> str:
        """Return the name of a zone that there is."""
        try:
            zone_of(given)
        except UnknownTimeZoneError as error:
            raise ValueError(str(error)) from error
        return given

    @property
    def owner_zone(self) -> ZoneInfo:
        """The zone in which the owner reads times."""
        return zone_of(self.owner_time_zone)
