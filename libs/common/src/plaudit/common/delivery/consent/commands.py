"""How consent changes: by the person's own hand, or by staff. Each returns what it has written, to be told.

The person's order key is held: what is written later counts, and two who write at once do not undo each other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from plaudit.common.db import OrderKey, Tx
from plaudit.common.delivery.consent import store
from plaudit.common.delivery.domain.consent import Choice, ConsentEntry, Source, Topic, why_not
from plaudit.common.delivery.domain.message import MAX_TOPIC_CHARS, Channel

CHANNELS = (Channel.EMAIL,)
"""Those over which persons are written to; endpoints are the tenant's own."""
_AN_INSTANT = timedelta(microseconds=1)


def order_key(tenant_id: str, person_key: str) -> OrderKey:
    """Return the order key of a person's choices."""
    return f"consent:{tenant_id}:{person_key}"


async def note(
    tx: Tx, tenant_id: str, person_key: str, topic: str, channel: str, choice: Choice, source: Source
) -> ConsentEntry:
    """Write that a person opts in or out of a topic, or of all (`*`), on one channel or on all (`*`).

    Raises:
        ValueError: a topic beyond its limit.
    """
    if not 0 < len(topic) <= MAX_TOPIC_CHARS:
        raise ValueError(f"a topic has 1 to {MAX_TOPIC_CHARS} characters")
    said = await _said(tx, tenant_id, person_key)
    entry = ConsentEntry(tenant_id, person_key, topic, channel, choice, source, _after(tx, said))
    await store.add(tx, [entry])
    return entry


async def choose(
    tx: Tx, tenant_id: str, person_key: str, topics: Sequence[Topic], ticked: set[tuple[str, str]]
) -> list[ConsentEntry]:
    """Write what a person has ticked on the page of preferences, as far as it differs from before.

    Args:
        tx: the open transaction.
        tenant_id: whose customer they are.
        person_key: theirs.
        topics: what the page offers.
        ticked: (topic, channel) of each box that is ticked.
    """
    said = await _said(tx, tenant_id, person_key)
    before = _chosen(said, topics)
    at = _after(tx, said)
    changed = [
        ConsentEntry(
            tenant_id,
            person_key,
            topic.name,
            channel,
            Choice.IN if (topic.name, channel) in ticked else Choice.OUT,
            Source.PREFERENCES,
            at,
        )
        for topic in topics
        for channel in CHANNELS
        if ((topic.name, channel) in ticked) != ((topic.name, channel) in before)
    ]
    await store.add(tx, changed)
    return changed


async def chosen(tx: Tx, tenant_id: str, person_key: str, topics: Sequence[Topic]) -> set[tuple[str, str]]:
    """Return (topic, channel) of what a person is told: where they have said nothing, what needs no consent."""
    return _chosen(await _said(tx, tenant_id, person_key), topics)


async def _said(tx: Tx, tenant_id: str, person_key: str) -> Sequence[ConsentEntry]:
    said = await store.of_people(tx, {(tenant_id, person_key)})
    return said.get((tenant_id, person_key), ())


def _chosen(said: Iterable[ConsentEntry], topics: Sequence[Topic]) -> set[tuple[str, str]]:
    return {
        (topic.name, channel)
        for topic in topics
        for channel in CHANNELS
        if not why_not(said, topic.name, channel, needs_consent=topic.needs_consent)
    }


def _after(tx: Tx, said: Iterable[ConsentEntry]) -> datetime:
    """Return the time of what is written now. A transaction that had to wait began before what it waited for."""
    return max([tx.now, *(each.at + _AN_INSTANT for each in said)])
