"""Names of the fields of scoring's own log lines. No field may hold what a person wrote."""

from typing import Final

LOG_FIELDS: Final = frozenset(("compared", "differing", "halvings", "table"))
