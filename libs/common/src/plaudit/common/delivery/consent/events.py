"""What is told of consent: each choice that is made here. What was heard by an event is known to whoever told it."""

from plaudit.common.contracts import ConsentChosen, Topic
from plaudit.common.delivery.domain.consent import ConsentEntry
from plaudit.common.events import Outgoing

CHOSEN = "consent.chosen"


def consent_event(topic: Topic, entry: ConsentEntry) -> Outgoing:
    """Return the event to publish about a choice.

    Args:
        topic: of the service that has heard it.
        entry: of the log.
    """
    return Outgoing(
        topic=topic,
        key=f"{entry.tenant_id}/{entry.person_key}",
        type=CHOSEN,
        subject=entry.person_key,
        tenant_id=entry.tenant_id,
        time=entry.at,
        data=ConsentChosen(
            person=entry.person_key,
            topic=entry.topic,
            channel=entry.channel,
            choice=entry.choice,
            source=entry.source,
            chosen_at=entry.at,
        ),
    )
