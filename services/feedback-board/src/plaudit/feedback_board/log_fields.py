"""Names of the fields that feedback-board's own log lines have; none may ever hold what a person wrote."""

from typing import Final

LOG_FIELDS: Final = frozenset(("error",))
