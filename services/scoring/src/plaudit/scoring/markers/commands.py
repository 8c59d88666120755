"""Every way to change markers."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from plaudit.common import idempotency
from plaudit.common.db import SqlTx, lock
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.ids import IdSource
from plaudit.scoring.markers import store
from plaudit.scoring.markers.domain.marker import (
    MAX_MARKERS,
    Draft,
    Marker,
    TooManyMarkersError,
    UnknownMarkerError,
    checked,
)


@dataclass(frozen=True, slots=True)
class Made:
    """A marker, and whether it was made by the first of several equal calls."""

    marker: Marker
    already: bool = False


async def create(
    tx: SqlTx, ids: IdSource, tenant_id: str, draft: Draft, made_by: str, *, key: IdempotencyKey | None = None
) -> Made:
    """Note what was done or happened.

    Args:
        tx: the open transaction.
        ids: makes its id.
        tenant_id: whose.
        draft: what it is made of.
        made_by: who notes it.
        key: under which a repeat gets the first answer.

    Raises:
        KeyReusedError: the key came with another call before.
        MarkerTimeError: its time lies too far away.
        TooManyMarkersError: the tenant has as many as it may.
        WrongInputError: its name cannot be shown.
    """
    await lock(tx, [f"markers:{tenant_id}", *([idempotency.order_key(tenant_id, key.key)] if key else [])])
    first = None if key is None else await idempotency.find(tx, tenant_id, key)
    if first is not None:
        return Made(msgspec.json.decode(first, type=Marker), already=True)
    if await store.count(tx, tenant_id) >= MAX_MARKERS:
        raise TooManyMarkersError
    members = msgspec.structs.asdict(checked(draft))
    marker = Marker(**members, tenant_id=tenant_id, id=ids(), made_by=made_by, created_at=tx.now)
    await store.add(tx, marker)
    if key is not None:
        await idempotency.keep(tx, tenant_id, key, msgspec.json.encode(marker).decode())
    return Made(marker)


async def delete(tx: SqlTx, tenant_id: str, marker_id: UUID) -> None:
    """Take a marker away.

    Raises:
        UnknownMarkerError: there is none.
    """
    if not await store.delete(tx, tenant_id, marker_id):
        raise UnknownMarkerError
