"""The settings of the board beyond the common ones."""

from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from plaudit.common.delivery.settings import DeliverySettings


class Act(StrEnum):
    """What the public pages let a visitor do so often an hour."""

    VOTE = "vote"
    REQUEST = "request"
    COMMENT = "comment"
    SIMILAR = "similar"
    """To look for similar requests, as a script does while somebody types."""


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
    comments_per_hour_per_network: int = Field(default=20, ge=1)
    """Comments posted on the public pages."""
    least_form_seconds: float = Field(default=2.0, ge=0, le=60)
    """A form that comes back sooner waits for a look of staff, as one that no page of ours sent. 0: none does."""
    votes_per_hour_per_person: int = Field(default=60, ge=1)
    """Votes of somebody who is signed in, from whatever network: they do not count against its budget."""
    requests_per_hour_per_person: int = Field(default=10, ge=1)
    """Requests of somebody who is signed in."""
    comments_per_hour_per_person: int = Field(default=40, ge=1)
    """Comments of somebody who is signed in."""
    similar_per_hour_per_network: int = Field(default=3_000, ge=1)
    """Looks for similar requests, which a script makes at each pause of somebody who types."""
    similar_per_hour_per_person: int = Field(default=1_000, ge=1)
    """Those of somebody who is signed in."""
    proof_of_work_bits: int = Field(default=18, ge=1, le=28)
    """What a visitor's browser computes for one act past the network's budget: about 2 to this power of digests."""
    board_session_days: float = Field(default=90.0, gt=0, le=400)
    """A person who has signed in on the board is signed out after so long."""
    sign_in_secret_overlap_hours: float = Field(default=24.0, ge=0, le=24 * 7)
    """How long tokens still count that are signed with the secret before the present one."""
    status_hold_seconds: float = Field(default=600.0, ge=0, le=86_400)
    """How long a status rests before anybody is told of it: what goes back meanwhile tells nobody."""
    ingest_url: str = ""
    """Where ingest answers to other services, such as `http://ingest:8000`: it is asked for the addresses of customers
    just before they are written to. Empty: only people who signed in on the board are."""
    board_trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """More of `trusted_proxies`, as a JSON list, for the board alone."""

    @property
    def least_form_time(self) -> timedelta:
        """How long a person takes at least to fill in a form."""
        return timedelta(seconds=self.least_form_seconds)

    def budget(self, act: Act) -> tuple[int, int]:
        """Return how often an hour something may be done: from one network, and by one person who is signed in."""
        match act:
            case Act.VOTE:
                return self.votes_per_hour_per_network, self.votes_per_hour_per_person
            case Act.REQUEST:
                return self.requests_per_hour_per_network, self.requests_per_hour_per_person
            case Act.COMMENT:
                return self.comments_per_hour_per_network, self.comments_per_hour_per_person
            case Act.SIMILAR:
                return self.similar_per_hour_per_network, self.similar_per_hour_per_person

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return all proxies that the board trusts. Visitors behind another one share its rate limits."""
        return (*self.trusted_proxies, *self.board_trusted_proxies)
