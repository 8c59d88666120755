"""The outbox: events written in the transaction of what they tell, and published afterwards in commit order."""

from plaudit.common.outbox.write import EventTooLargeError, Outbox, Outgoing

__all__ = ["EventTooLargeError", "Outbox", "Outgoing"]
