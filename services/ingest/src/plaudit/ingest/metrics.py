"""Metrics that only ingest has."""

from typing import Final

from prometheus_client import Counter

UNKNOWN_SOURCE: Final = "unknown"

HELD_EVENTS_EXPIRED = Counter(
    "plaudit_held_events_expired_total",
    "Events that waited 30 days for their review and were quarantined. Any rise is worth an alert.",
)

PULLS = Counter(
    "plaudit_pulls_total",
    "Runs that asked a source for reviews, by its platform and how they ended: `ok`, or the kind of trouble.",
    ["platform", "outcome"],
)

PULL_REMOVALS_HELD = Counter(
    "plaudit_pull_removals_held_total",
    "Complete lists of a source that lacked so many reviews that these were not removed, by its platform. Any rise is "
    "worth an alert: the source's page says what to do.",
    ["platform"],
)

ANSWERS_SENT = Counter(
    "plaudit_answers_sent_total",
    "Attempts to send an answer through the interface of its platform, by what became of it: published, submitted, "
    "rejected, or later.",
    ["platform", "outcome"],
)

SECRETS_UNOPENED = Counter(
    "plaudit_secrets_unopened_total",
    "Times that a source was loaded for its hook and its secret could not be decrypted, by its platform: deliveries "
    "to it are answered 503. Any rise is worth an alert.",
    ["platform"],
)

FAILED_ATTEMPTS = Counter(
    "plaudit_failed_attempts_total",
    "Deliveries that were not proven, by the source's platform (`unknown` if there is no such source) and the reason.",
    ["platform", "reason"],
)
