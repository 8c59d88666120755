"""Every statement about the events of customers."""

from collections.abc import Iterable, Sequence

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.ingest.customers.domain import CustomerEvent
from plaudit.ingest.customers.tables import customer_events

_EVENTS = Columns(customer_events)
_KNOWN = "SELECT event_id, fingerprint FROM customer_events WHERE tenant_id = $1 AND event_id = ANY($2::text[])"
_INSERT = f"INSERT INTO customer_events ({_EVENTS.listed}) SELECT {_EVENTS.unnested()}"


async def known(tx: Tx, tenant_id: str, event_ids: Iterable[str]) -> dict[str, bytes]:
    """Return the fingerprints of those of the events that came before, by id."""
    rows = await tx.raw.fetch(_KNOWN, tenant_id, list(event_ids))
    return {row["event_id"]: row["fingerprint"] for row in rows}


async def add(tx: Tx, tenant_id: str, events: Sequence[CustomerEvent]) -> None:
    """Store new events."""
    rows = [
        (tenant_id, each.event_id, each.fingerprint, each.person, each.type.value, each.happened_at, tx.now)
        for each in events
    ]
    if rows:
        await tx.raw.execute(_INSERT, *map(list, zip(*rows, strict=True)))
