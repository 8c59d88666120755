"""The settings of the board beyond the common ones."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from plaudit.common.settings import Settings


class BoardSettings(Settings):
    """Settings of the board."""

    board_tenant: str = "default"
    """The tenant whose board is at `/`, unless `board_hosts` names another one for the host."""
    board_hosts: dict[str, str] = Field(default_factory=dict)
    """Host name → tenant, as a JSON object: the board that is at `/` under that name."""
    board_name: str = ""
    """The name of the board of `board_tenant` on its pages; empty: the name of the tenant."""

    votes_per_hour_per_network: int = Field(default=30, ge=1)
    """Votes cast or taken back on the public pages. A network is the /24 of an IPv4 address, the /48 of an IPv6 one."""
    requests_per_hour_per_network: int = Field(default=5, ge=1)
    """Requests made on the public pages."""
    comments_per_hour_per_network: int = Field(default=20, ge=1)
    """Comments posted on the public pages."""
    least_form_seconds: float = Field(default=2.0, ge=0, le=60)
    """A form that comes back sooner waits for a look of staff, as one that no page of ours sent. 0: none does."""
    board_trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """More of `trusted_proxies`, as a JSON list, for the board alone."""

    @property
    def least_form_time(self) -> timedelta:
        """How long a person takes at least to fill in a form."""
        return timedelta(seconds=self.least_form_seconds)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return all proxies that the board trusts. Visitors behind another one share its rate limits."""
        return (*self.trusted_proxies, *self.board_trusted_proxies)
