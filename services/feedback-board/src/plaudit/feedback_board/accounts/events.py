"""What the board tells the bus about the people on it."""

from datetime import datetime
from uuid import UUID

from plaudit.common.contracts import BOARD, ErasureRequest
from plaudit.common.events import Outgoing


def erasure_requested(tenant_id: str, deletion_id: UUID, person_key: str, at: datetime) -> Outgoing:
    """Return the notice that a person, who has proved who it is, wants all about them deleted.

    Its key is the number of the receipt: keys of events are not scrubbed, and would name the person.
    """
    return Outgoing(
        topic=BOARD,
        key=f"{tenant_id}/{deletion_id}",
        type="person.erasure_requested",
        subject=person_key,
        tenant_id=tenant_id,
        time=at,
        data=ErasureRequest(person=person_key, requested_at=at),
    )
