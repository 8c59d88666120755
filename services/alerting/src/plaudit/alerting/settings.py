"""The settings of alerting beyond the common ones."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from plaudit.common.delivery.domain.addresses import InvalidUrlError, target_of
from plaudit.common.delivery.settings import DeliverySettings
from plaudit.common.settings import EmailAddress
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of


class AlertingSettings(DeliverySettings):
    """Frozen settings of alerting."""

    owner_email: EmailAddress
    """Who answers for what no tenant gives to anybody else: gets its mails and alerts."""

    smtp_host: str = "127.0.0.1"
    """Alerting always sends mails: without this setting, to the mail catcher of the same machine."""
    owner_time_zone: str = "UTC"
    """The zone in which the owner reads times, such as `Europe/Berlin`."""

    ingest_url: str = ""
    """Where ingest answers to other services, such as `http://ingest:8000`: it is asked for the addresses of customers
    just before they are written to. Empty: no invitation is mailed."""

    timer_poll_seconds: float = Field(default=0.25, gt=0, le=5)
    timer_batch_clocks: int = Field(default=2_000, ge=1, le=5_000)
    cadence_poll_seconds: float = Field(default=1.0, gt=0, le=60)
    audit_pause_seconds: float = Field(default=60.0, gt=0, le=300)
    """Between two rounds in which running clocks are compared with their timers."""
    heartbeat_url: SecretStr | None = None
    """Gets a POST after each round that found everything well: a watch of others, which tells when that stays away."""
    longest_wait_seconds: float = Field(default=60.0, ge=0, le=600)
    """Until all reviews written up to a due time have been read; after it a breach is provisional."""

    incidents_per_hour_per_network: int = Field(default=3_600, ge=1)
    """Questions for public pages, feeds and banners of incidents, of one network."""
    incident_sign_ups_per_hour_per_network: int = Field(default=60, ge=1)
    """Mails by which somebody agrees to be told of an incident, that one network can ask for."""

    @field_validator("owner_time_zone")
    @classmethod
    def _check_zone(cls, given: str) -> str:
        """Return the name of a zone that there is."""
        try:
            zone_of(given)
        except UnknownTimeZoneError as error:
            raise ValueError(str(error)) from error
        return given

    @model_validator(mode="after")
    def _check_heartbeat_url(self) -> Self:
        """Refuse an address that no heartbeat could be sent to."""
        if self.heartbeat_url is not None:
            url = self.heartbeat_url.get_secret_value()
            try:
                target = target_of(url, self.delivery_ports)
            except InvalidUrlError as error:
                raise ValueError(f"PLAUDIT_HEARTBEAT_URL: {error}") from error
            if target.scheme == "http" and not self.delivery_plain_http:
                raise ValueError(
                    "PLAUDIT_HEARTBEAT_URL begins with http://: use https://, or set PLAUDIT_DELIVERY_PLAIN_HTTP=true"
                )
        return self
