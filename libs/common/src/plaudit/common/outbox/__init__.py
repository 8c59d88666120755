"""The outbox: events written in the transaction of what they tell, and published afterwards in commit order."""

from plaudit.common.outbox.outbox import EventTooLargeError, Outbox
from plaudit.common.outbox.unit_of_work import UnitOfWork

__all__ = ["EventTooLargeError", "Outbox", "UnitOfWork"]
