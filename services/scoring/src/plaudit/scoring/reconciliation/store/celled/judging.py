"""How what is held is told apart from what the ledger says, and from what rounding alone has made of it."""

from typing import Final

from plaudit.common.db.subjects import is_within
from plaudit.scoring.reconciliation.domain import TOLERANCE

OF_SUBJECT: Final = f"tenant_id = $1 AND {is_within('subject', '$2')}"
TOPS: Final = "max(trust_w) AS trust_top, max(recent_w) AS recent_top"
HALF_LIVES: Final = ("trust", "recent")


def near(column: str, scale: str) -> str:
    """Return whether a number is what the ledger says, but for rounding beside a scale."""
    return f"coalesce(abs(truth.{column} - held.{column}) <= {TOLERANCE} * ({scale}), false)"


def equal(*columns: str) -> str:
    """Return whether these columns are what the ledger says."""
    return " AND ".join(f"(truth.{name} IS NOT DISTINCT FROM held.{name})" for name in columns)


def judged(compared: str, counts: str, weights: str) -> str:
    """Return the statement that counts what was compared, what is wrong, and what rounding alone has made so."""
    return f"""
SELECT count(*) AS compared, count(*) FILTER (WHERE NOT are_counts_right) AS differing,
    count(*) FILTER (WHERE are_counts_right AND NOT are_weights_right) AS rounded
FROM (SELECT {counts} AS are_counts_right, {weights} AS are_weights_right FROM {compared}) AS judged
"""
