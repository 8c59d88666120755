"""Messages are sent again by people: the service notes who did so, where it keeps a trail of what people do."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from starlette.requests import Request

from plaudit.common.db import Tx
from plaudit.common.delivery import commands
from plaudit.common.delivery.domain.redriven import Redriven
from plaudit.common.http import Principal

Note = Callable[[Tx, Redriven], Awaitable[None]]
"""Notes who has sent messages again, in that transaction: `app.state.note_redriven` of a service that has a trail."""


async def send_again(
    request: Request,
    principal: Principal,
    tx: Tx,
    *,
    message_id: UUID | None = None,
    endpoint_id: UUID | None = None,
) -> int:
    """Send a failed message again, or all failed ones of an endpoint; return how many. None is not noted."""
    count = await commands.redrive(tx, principal.tenant_id, delivery_id=message_id, endpoint_id=endpoint_id)
    note: Note | None = getattr(request.app.state, "note_redriven", None)
    named = message_id or endpoint_id
    if count and note is not None and named is not None:
        kind = "message" if message_id else "endpoint"
        await note(tx, Redriven(principal.tenant_id, principal.actor, kind, named, count))
    return count
