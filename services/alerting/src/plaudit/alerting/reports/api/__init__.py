"""HTTP: reports about answering, as JSON and as files."""

from plaudit.alerting.reports.api import clocks, effects, to_look_up
from plaudit.alerting.reports.api.common import PROBLEMS, REFUSALS

ROUTERS = (clocks.router, effects.router, to_look_up.router)

__all__ = ["PROBLEMS", "REFUSALS", "ROUTERS"]
