"""The group commit of deliveries: it opens the one transaction of each group."""

from collections.abc import Sequence
from itertools import chain

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.group_commit import GroupCommit
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.ingest.hooks import commands
from plaudit.ingest.hooks.domain import Delivery, Receipt

Writer = GroupCommit[Delivery, Receipt]


def delivery_writer(database: Database, outbox: Outbox, ids: IdSource) -> Writer:
    """Return the loop that writes waiting deliveries in groups, under the hook role's connections."""

    async def write(group: Sequence[Delivery]) -> Sequence[Receipt]:
        """Commit a group; return the receipt of each delivery, in order.

        Raises what the database raises. Nothing of the group is stored then. When the reply to the commit was lost,
        all of it may be stored, and the senders' repetitions find it.
        """
        tenant_ids = {delivery.source.tenant_id for delivery in group}
        order_keys = chain.from_iterable(delivery.order_keys for delivery in group)
        async with database.driver_transaction(*tenant_ids, order_keys=order_keys) as tx:
            receipts = await commands.take(UnitOfWork(tx, outbox, ids), group)
            failpoint("after_flush_before_commit")
        failpoint("after_commit_before_answer")
        return receipts

    return GroupCommit("deliveries", write)
