"""Names of the fields of alerting's own log lines. No field may hold what a person wrote."""

from typing import Final

LOG_FIELDS: Final = frozenset(
    (
        "alert_id",
        "calendar",
        "clock_id",
        "fired",
        "kind",
        "missing",
        "pointer",
        "move_id",
        "seconds",
        "silence_id",
        "stray",
        "tzdata",
    )
)
