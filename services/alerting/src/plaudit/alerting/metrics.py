"""Metrics that only alerting has."""

from typing import Final

from prometheus_client import Counter, Histogram

_LATENESS_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)

TIMER_LATENESS_SECONDS = Histogram(
    "plaudit_timer_lateness_seconds",
    "Time between a timer's due time and the transaction that fired it.",
    ["kind"],
    buckets=_LATENESS_BUCKETS,
)
DECIDED = Counter(
    "plaudit_clocks_decided_total",
    "Clocks that reached their due time without an answer that we know of: breached, or unknown where answers are not "
    "told.",
    ["outcome"],
)
