"""The outbox: events are written in the transaction of their change, and published afterwards in commit order."""

from plaudit.common.outbox.outbox import Outbox
from plaudit.common.outbox.unit_of_work import SqlUnitOfWork, UnitOfWork

__all__ = ["Outbox", "SqlUnitOfWork", "UnitOfWork"]
