"""Rate limits: how often something may be done from one network within an hour."""

from plaudit.common.rate_limits.blocks import Blocks
from plaudit.common.rate_limits.commands import purge, spend
from plaudit.common.rate_limits.domain import PERIOD, Limit, LimitExceededError
from plaudit.common.rate_limits.store import network_key

__all__ = ["PERIOD", "Blocks", "Limit", "LimitExceededError", "network_key", "purge", "spend"]
