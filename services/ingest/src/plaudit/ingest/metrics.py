"""Metrics that only ingest has."""

from prometheus_client import Counter

HELD_EVENTS_EXPIRED = Counter(
    "plaudit_held_events_expired_total",
    "Events that waited 30 days for their review and were quarantined. Any rise is worth an alert.",
)
