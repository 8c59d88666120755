"""PostgreSQL: connections with every deadline set, the one place that commits, order locks, roles and migrations."""

from plaudit.common.db.database import Database, Role
from plaudit.common.db.order_locks import OrderKey, lock, lock_shared, try_lock
from plaudit.common.db.tx import SqlTx, Tx

__all__ = ["Database", "OrderKey", "Role", "SqlTx", "Tx", "lock", "lock_shared", "try_lock"]
