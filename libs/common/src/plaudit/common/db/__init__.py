"""PostgreSQL: connections with every deadline set, the one place that commits, order locks, roles and migrations."""

from plaudit.common.db.database import Database, Role, Tx
from plaudit.common.db.order_locks import OrderKey, lock, try_lock

__all__ = ["Database", "OrderKey", "Role", "Tx", "lock", "try_lock"]
