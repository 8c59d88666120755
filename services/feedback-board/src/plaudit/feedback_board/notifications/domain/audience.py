"""Who is told of a change of a request, and who is not, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX


class Told(StrEnum):
    """Whether a person is told of a change."""

    BY_MAIL = "by_mail"
    """Yes: they signed in with an address that is kept here."""
    IF_CONSENTED = "if_consented"
    """Their address and their consent are asked for when the mail leaves: the company may know them as a customer."""
    STOPPED = "stopped"
    """No: they want to hear of this request no more."""
    OPTED_OUT = "opted_out"
    """No: they want no such mails."""
    ACTOR = "actor"
    """No: they made the change."""
    NO_MAILBOX = "no_mailbox"
    """No: the last mail to them was refused for good."""
    ANONYMOUS = "anonymous"
    """No: they did not sign in, so that there is no address."""
    NO_ADDRESS = "no_address"
    """No: no address is known, and this installation has nobody to ask."""


RECEIVING = frozenset({Told.BY_MAIL, Told.IF_CONSENTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Involved:
    """One person who has to do with a request, or with one that is merged into it."""

    person_key: str
    why: tuple[str, ...]
    """`voted`, `reviewed`, `asked`, `commented`, `chosen`."""
    has_stopped: bool
    language: str | None
    """Of their address; None where none is kept here."""
    is_refused: bool
    """Whether the last mail to them was refused because there is no such mailbox."""
    has_opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people would be told of a change, and how many not, by reason."""

    counts: Mapping[Told, int]
    is_complete: bool
    """Whether all people were looked at; there is a limit."""

    @property
    def told(self) -> int:
        """How many a mail is queued for."""
        return sum(self.counts.get(each, 0) for each in RECEIVING)


def is_told(involved: Involved, actor_key: str, *, can_ask: bool) -> Told:
    """Return whether a person is told, or the first reason why not.

    Args:
        involved: the person.
        actor_key: of who made the change; empty for what is no person.
        can_ask: whether this installation can ask for addresses of customers.
    """
    reasons = {
        Told.ANONYMOUS: involved.person_key.startswith(ANONYMOUS_PREFIX),
        Told.ACTOR: involved.person_key == actor_key,
        Told.STOPPED: involved.has_stopped,
        Told.OPTED_OUT: involved.has_opted_out,
        Told.NO_MAILBOX: involved.is_refused,
        Told.BY_MAIL: involved.language is not None,
        Told.IF_CONSENTED: can_ask,
    }
    return next((told for told, holds in reasons.items() if holds), Told.NO_ADDRESS)
