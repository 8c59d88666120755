"""HTTP: incidents, their updates and channels, and data breaches."""

from plaudit.alerting.incidents.api import breaching, changing, reading
from plaudit.alerting.incidents.api.common import PROBLEMS, REFUSALS
from plaudit.alerting.incidents.domain.breach import MAX_LIST_CHARS

BODY_LIMITS = {"/v1/incidents": 6 * MAX_LIST_CHARS + 65_536}
"""Of a list of people, each character of which may be escaped, with the rest of a body."""
ROUTERS = (reading.router, changing.router, breaching.router)

__all__ = ["BODY_LIMITS", "PROBLEMS", "REFUSALS", "ROUTERS"]
