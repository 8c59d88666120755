"""How consent changes: by the person's own hand, by staff, or by an event."""

from collections.abc import Sequence

from plaudit.common.db import Tx
from plaudit.common.delivery.consent import store
from plaudit.common.delivery.domain.consent import Choice, ConsentEntry, Source, Topic, why_not
from plaudit.common.delivery.domain.message import MAX_TOPIC_CHARS, Channel

CHANNELS = (Channel.EMAIL,)
"""Those over which persons are written to; endpoints are the tenant's own."""


async def note(
    tx: Tx, tenant_id: str, person_key: str, topic: str, channel: str, choice: Choice, source: Source
) -> None:
    """Write that a person opts in or out of a topic, or of all (`*`), on one channel or on all (`*`).

    Raises:
        ValueError: a topic beyond its limit.
    """
    if not 0 < len(topic) <= MAX_TOPIC_CHARS:
        raise ValueError(f"a topic has 1 to {MAX_TOPIC_CHARS} characters")
    await store.add(tx, [ConsentEntry(tenant_id, person_key, topic, channel, choice, source, tx.now)])


async def choose(tx: Tx, tenant_id: str, person_key: str, topics: Sequence[Topic], ticked: set[tuple[str, str]]) -> int:
    """Write what a person has ticked on the page of preferences; return how many entries differ from before.

    Args:
        tx: the open transaction.
        tenant_id: whose customer they are.
        person_key: theirs.
        topics: what the page offers.
        ticked: (topic, channel) of each box that is ticked.
    """
    before = await chosen(tx, tenant_id, person_key, topics)
    changed = [
        ConsentEntry(
            tenant_id,
            person_key,
            topic.name,
            channel,
            Choice.IN if (topic.name, channel) in ticked else Choice.OUT,
            Source.PREFERENCES,
            tx.now,
        )
        for topic in topics
        for channel in CHANNELS
        if ((topic.name, channel) in ticked) != ((topic.name, channel) in before)
    ]
    await store.add(tx, changed)
    return len(changed)


async def chosen(tx: Tx, tenant_id: str, person_key: str, topics: Sequence[Topic]) -> set[tuple[str, str]]:
    """Return (topic, channel) of what a person has opted in to: nothing where they have said nothing."""
    said = await store.of_people(tx, {(tenant_id, person_key)})
    entries = said.get((tenant_id, person_key), ())
    return {
        (topic.name, channel)
        for topic in topics
        for channel in CHANNELS
        if not why_not(entries, topic.name, channel, needs_consent=True)
    }
