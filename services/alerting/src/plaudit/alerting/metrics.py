"""Metrics that only alerting has."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

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

HEARTBEAT = Gauge(
    "plaudit_alerting_heartbeat_timestamp_seconds",
    "Unix time at which the auditor of this process last found everything well: 0 from the start of the process until "
    "then. It stands still while anything is wrong, and so does the heartbeat that is sent.",
)
HEARTBEATS_NOT_TAKEN = Counter(
    "plaudit_alerting_heartbeats_not_taken_total",
    "Heartbeats that the address of PLAUDIT_HEARTBEAT_URL did not answer with 2xx.",
)
AUDIT_SECONDS = Gauge("plaudit_alerting_audit_seconds", "How long the last round of the auditor took.")
TIMERS_REPAIRED = Counter(
    "plaudit_timers_repaired_total",
    "Timers that were not as the log of their clock asks: missing (scheduled again) or stray (deleted). Each is a "
    "fault.",
    ["reason"],
)
for _reason in ("missing", "stray"):
    TIMERS_REPAIRED.labels(_reason)  # from the start, so that the first one is an increase
TIMERS_LATE = Gauge(
    "plaudit_timers_late", "Timers that have not fired although the longest wait is over, counted up to a limit."
)
TIMERS_SET_ASIDE = Gauge(
    "plaudit_timers_set_aside", "Timers that could not fire, counted up to a limit: they wait for a person."
)
SILENCES_SET_ASIDE = Gauge(
    "plaudit_silences_set_aside", "Silences whose end could not be told: they wait for a person."
)
MOVES_SET_ASIDE = Gauge(
    "plaudit_moves_set_aside", "Moves of running clocks that failed within the last week: they can be ordered again."
)
OCCURRENCES_LATE = Gauge(
    "plaudit_occurrences_late", "Contacts of cadences that are past due or were set aside, counted up to a limit."
)
LEASES_STUCK = Gauge(
    "plaudit_message_leases_stuck",
    "Deliveries whose lease ran out and that no process has taken back, counted up to a limit.",
)
OUTLETS_RESTING = Gauge(
    "plaudit_message_outlets_resting",
    "Endpoints and mail servers whose circuit is open after failures, counted up to a limit.",
)
OLDEST_TRANSACTION_SECONDS = Gauge(
    "plaudit_database_oldest_transaction_seconds",
    "Age of the oldest open transaction on the database server: what was deleted since cannot be vacuumed, and with a "
    "writer nothing is published. NaN where the role may not see those of others.",
)
