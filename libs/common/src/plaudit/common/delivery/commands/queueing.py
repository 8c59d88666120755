"""How messages are queued, with their cause."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.delivery import store
from plaudit.common.delivery.consent import store as consents
from plaudit.common.delivery.domain.consent import why_not
from plaudit.common.delivery.domain.message import (
    A_PERSON,
    CONSOLE_OUTLET,
    Channel,
    Delivery,
    Message,
    Route,
    check,
    deliveries_of,
    takes_topic,
)
from plaudit.common.delivery.endpoints import store as endpoints
from plaudit.common.delivery.store import Fresh

ONE_AFTER_ANOTHER: Final = timedelta(microseconds=1)
"""Between messages that are queued together: of two for one recipient, the first in the list leaves first."""


async def queue(tx: Tx, messages: Sequence[Message]) -> int:
    """Write messages that are to be told; they leave after the transaction has committed.

    Consent is looked up here and again before they leave. What is not allowed is kept as withdrawn, with the reason.

    Args:
        tx: the open transaction, under the api or worker role.
        messages: in the order in which a recipient is to get them; one with a key, recipient and channel that was
            queued before changes nothing.

    Returns:
        How many deliveries are new.

    Raises:
        MessageError: a message is beyond a limit, or lacks what it needs.
    """
    for message in messages:
        check(message)
    said = await consents.of_people(tx, {(each.tenant, each.to.person_key) for each in messages if each.to.person_key})
    choices = await endpoints.choices(tx, {each.tenant for each in messages if not _is_mail(each)})
    fresh: dict[UUID, Fresh] = {}
    for place, message in enumerate(messages):
        entries = said.get((message.tenant, message.to.person_key), ())
        leaves_at = (message.not_before or tx.now) + place * ONE_AFTER_ANOTHER
        for each in deliveries_of(message, _routes(message, choices.get(message.tenant, ())), tx.now):
            fresh[each.id] = Fresh(each, leaves_at, objection_to(each, entries))
    return await store.add(tx, messages, list(fresh.values()))


def _is_mail(message: Message) -> bool:
    return bool(message.to.address or message.to.person_key)


def _routes(message: Message, choices: Sequence[endpoints.Choices]) -> list[Route]:
    if _is_mail(message):
        return [Route(Channel.EMAIL, message.to.address or A_PERSON)]
    if message.to.is_subscribers:
        found = [each for each in choices if each.is_enabled and takes_topic(list(each.topics), message.topic)]
    else:
        found = [each for each in choices if each.id == message.to.endpoint_id]
    # Nothing is lost in silence: where nobody takes it, the console does.
    return [Route(each.channel, str(each.id)) for each in found] or [Route(Channel.CONSOLE, CONSOLE_OUTLET)]


def objection_to(delivery: Delivery, entries: Sequence[consents.ConsentEntry]) -> str:
    """Return why a person is not told; empty where they may be."""
    if not delivery.person_key:
        return ""
    return why_not(entries, delivery.topic, delivery.channel, needs_consent=delivery.needs_consent)
