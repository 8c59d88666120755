"""A unit of work: one open transaction, and the events that are committed with it."""

from dataclasses import dataclass

from plaudit.common.db import SqlTx, Tx
from plaudit.common.events import Outgoing
from plaudit.common.ids import IdSource
from plaudit.common.outbox.outbox import Outbox


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """What a command works on. It is opened and committed at the edge: by a request, a consumer or a job."""

    tx: Tx
    outbox: Outbox
    ids: IdSource

    async def emit(self, *events: Outgoing) -> None:
        """Publish events with the commit, in this order. All order keys must have been locked before."""
        await self.outbox.append(self.tx, events)


@dataclass(frozen=True, slots=True)
class SqlUnitOfWork(UnitOfWork):
    """A unit of work whose transaction also takes statements that are built with SQLAlchemy: that of a request."""

    tx: SqlTx
