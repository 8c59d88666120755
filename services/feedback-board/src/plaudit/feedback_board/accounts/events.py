"""What the board tells the bus about the people on it."""

from datetime import datetime

from plaudit.common.contracts import BOARD, ErasureRequest
from plaudit.common.events import Outgoing


def erasure_requested(tenant_id: str, person_key: str, at: datetime) -> Outgoing:
    """Return the notice that a person, who has proved who it is, wants all about them deleted."""
    return Outgoing(
        topic=BOARD,
        key=f"{tenant_id}/{person_key}",
        type="person.erasure_requested",
        subject=person_key,
        tenant_id=tenant_id,
        time=at,
        data=ErasureRequest(person=person_key, requested_at=at),
    )
