"""The group commit of deliveries: it opens the one transaction of each group."""

import time
from collections.abc import Sequence

from plaudit.common.db import Database
from plaudit.common.db.one_trip import OneTrip
from plaudit.common.failpoints import failpoint
from plaudit.common.group_commit import GroupCommit
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.ingest.hooks import commands, store
from plaudit.ingest.hooks.domain import Delivery, Receipt

Writer = GroupCommit[Delivery, Receipt]


def delivery_writer(database: Database, outbox: Outbox, ids: IdSource) -> Writer:
    """Return the loop that writes waiting deliveries in groups, under the hook role's connections."""
    one_trip = OneTrip(database, is_new=store.IS_NEW, write=store.WRITE_NEW)

    async def write(group: Sequence[Delivery]) -> Sequence[Receipt]:
        """Commit a group; return the receipt of each delivery, in order.

        Raises what the database raises. Nothing of the group is stored then. When the reply to the commit was lost,
        all of it may be stored, and the senders' repetitions find it.
        """
        receipts = None
        if all(delivery.may_be_new for delivery in group) and (now := one_trip.now()):
            receipts = await commands.take_new(one_trip, now, outbox, ids, group, time.monotonic)
        if receipts is None:
            receipts = await write_in_steps(group)
        failpoint("after_commit_before_answer")
        return receipts

    async def write_in_steps(group: Sequence[Delivery]) -> list[Receipt]:
        tenant_ids, order_keys = commands.tenant_ids(group), commands.order_keys(group)
        async with database.driver_transaction(*tenant_ids, order_keys=order_keys) as tx:
            one_trip.learn(tx.now)
            receipts = await commands.take(UnitOfWork(tx, outbox, ids), group, time.monotonic)
            failpoint("after_flush_before_commit")
        return receipts

    return GroupCommit("deliveries", write)
