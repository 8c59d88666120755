"""The settings of scoring beyond the common ones."""

from pydantic import Field

from plaudit.common.settings import Settings


class ScoringSettings(Settings):
    """Settings of scoring."""

    badges_per_hour_per_network: int = Field(default=3_600, ge=1)
    """Badges, their pages and explanations, asked for in public. A network is the /24 of an IPv4 address, the /48 of an
    IPv6 one."""
