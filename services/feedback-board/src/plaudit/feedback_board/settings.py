"""The settings of the board beyond the common ones."""

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from plaudit.common.delivery.settings import DeliverySettings


class BoardSettings(DeliverySettings):
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
    status_hold_seconds: float = Field(default=600.0, ge=0, le=86_400)
    """How long a status rests before anybody is told of it: what goes back meanwhile tells nobody."""
    ingest_url: str = ""
    """Where ingest answers to other services, such as `http://ingest:8000`: it is asked for the addresses of customers
    just before they are written to. Empty: only people who signed in on the board are."""
    board_trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """More of `trusted_proxies`, as a JSON list, for the board alone."""

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return all proxies that the board trusts. Visitors behind another one share its rate limits."""
        return (*self.trusted_proxies, *self.board_trusted_proxies)
