"""Names of the fields that alerting's own log lines have; none may hold what a person wrote."""

from typing import Final

LOG_FIELDS: Final = frozenset(("clock_id", "fired", "kind", "outcome", "seconds"))
