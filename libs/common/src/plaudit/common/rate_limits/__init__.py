"""Rate limits: how often something may be done from one network within an hour."""

from plaudit.common.rate_limits.commands import purge, spend
from plaudit.common.rate_limits.domain import PERIOD, Limit, LimitExceededError

__all__ = ["PERIOD", "Limit", "LimitExceededError", "purge", "spend"]
