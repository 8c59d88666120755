"""What events tell of consent, as entries of the log that the page of preferences shows and the sending of mails asks.

A consent is to invitations by mail. An opt-out closes a channel, or all, for every topic.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from plaudit.alerting.cadences.domain.person import ANY_CHANNEL, Happening, Told
from plaudit.common.delivery.domain.consent import EVERY, Choice, ConsentEntry, Source, Topic
from plaudit.common.delivery.domain.message import Channel

INVITATION: Final = "invitation"
"""The topic of all that is told of invitations."""
TOPICS: Final = (
    Topic(
        INVITATION, "Invitations to review", "When you have dealt with us, and one reminder. At most once in 90 days."
    ),
)
"""What a customer can choose on the page of preferences."""
MAIL_CHANNELS: Final = frozenset({"mail", "email", "e-mail"})
"""Names by which other systems call the channel."""


class Said(NamedTuple):
    """What a customer has said of being written to."""

    tenant_id: str
    person: str
    is_granted: bool
    said_at: datetime
    topic: str = INVITATION
    channel: str = Channel.EMAIL


def opt_outs(happenings: Iterable[Happening]) -> list[Said]:
    """Return the opt-outs among what has happened, as far as mails are concerned."""
    return [
        Said(each.tenant_id, each.person, is_granted=False, said_at=each.happened_at, topic=EVERY, channel=channel)
        for each in happenings
        if each.told is Told.OPTED_OUT and (channel := _closed(each.channel))
    ]


def entry_of(said: Said) -> ConsentEntry:
    """Return the entry of the log."""
    choice = Choice.IN if said.is_granted else Choice.OUT
    return ConsentEntry(
        said.tenant_id, said.person, said.topic, said.channel, choice.value, Source.SERVICE.value, said.said_at
    )


def _closed(channel: str | None) -> str:
    """Return the channel of ours that an opt-out closes; empty where it closes none of ours."""
    if channel is None or channel == ANY_CHANNEL:
        return EVERY
    return Channel.EMAIL if channel.lower() in MAIL_CHANNELS else ""
