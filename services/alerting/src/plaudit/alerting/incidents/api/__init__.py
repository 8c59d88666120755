"""HTTP: incidents, their updates and channels, and data breaches."""

from plaudit.alerting.incidents.api import breaching, changing, reading
from plaudit.alerting.incidents.api.common import PROBLEMS, REFUSALS

ROUTERS = (reading.router, changing.router, breaching.router)

__all__ = ["PROBLEMS", "REFUSALS", "ROUTERS"]
