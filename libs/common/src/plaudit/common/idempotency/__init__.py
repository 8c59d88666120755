"""Idempotency keys: a request that is sent again under its key gets the first answer and is not carried out again."""

from plaudit.common.idempotency.commands import find, keep, purge
from plaudit.common.idempotency.domain import IdempotencyKey, KeyReusedError, order_key

__all__ = ["IdempotencyKey", "KeyReusedError", "find", "keep", "order_key", "purge"]
