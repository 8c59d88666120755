"""Metrics that only ingest has."""

from typing import Final

from prometheus_client import Counter

UNKNOWN_SOURCE: Final = "unknown"

FAILED_ATTEMPTS = Counter(
    "plaudit_failed_attempts_total",
    "Deliveries that were not proven, by the source's platform (`unknown` if there is no such source) and the reason.",
    ["platform", "reason"],
)
