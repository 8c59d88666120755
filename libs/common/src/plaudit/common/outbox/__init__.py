"""The outbox: events are written in the transaction of their change, and published afterwards in commit order."""

from plaudit.common.outbox.outbox import Outbox
from plaudit.common.outbox.unit_of_work import UnitOfWork

__all__ = ["Outbox", "UnitOfWork"]
