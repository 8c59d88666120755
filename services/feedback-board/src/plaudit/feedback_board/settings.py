"""What the board is told beyond the common settings."""

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from plaudit.common.settings import Settings


class BoardSettings(Settings):
    """Settings of the board."""

    board_tenant: str = "default"
    """Whose board is at `/` where the host names nobody else's."""
    board_hosts: dict[str, str] = Field(default_factory=dict)
    """Host name → tenant, as a JSON object: whose board is at `/` under that name."""
    board_name: str = ""
    """What the board of `board_tenant` is called on its pages; empty: as the tenant is."""

    votes_per_hour_per_network: int = Field(default=30, ge=1)
    """Votes cast or taken back on the public pages. A network is the /24 of an IPv4 address, the /48 of an IPv6 one."""
    wishes_per_hour_per_network: int = Field(default=5, ge=1)
    """Wishes made on the public pages."""
    board_trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of our own proxies, as a JSON list: only they are believed about whom they forward for. Without them,
    all visitors behind a proxy share its budget."""
