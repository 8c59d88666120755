"""The metrics of the common library: name, unit, labels, meaning, and when a value is misleading.

The metrics of one service only are in its own `metrics.py`; all are in the library's default registry. The values of
labels come from the code and the configuration, never from requests: no tenant, no id. Prometheus knows the service of
a process as its job.
"""

import time
from typing import Final

from prometheus_client import Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from plaudit.common.observability.histogram import Histogram

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_1_0_0

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000)

SERVICE_INFO = Gauge(
    "plaudit_service_info",
    "1, with the service and what this process runs: api, consume, relay, jobs or all.",
    ["service", "command"],
)

HTTP_REQUEST_SECONDS = Histogram(
    "plaudit_http_request_seconds",
    "Time from a request's headers to the last byte of its answer; its count is the rate. `route` is the template, "
    "`unmatched` if there is none; status 499 means that the client closed the connection.",
    ["method", "route", "status"],
    buckets=_LATENCIES,
)
HTTP_REQUESTS_IN_PROGRESS = Gauge(
    "plaudit_http_requests_in_progress", "Requests that have begun and are not answered yet."
)

GROUP_COMMIT_REQUESTS = Histogram(
    "plaudit_group_commit_requests", "Requests that were written in one transaction.", buckets=_SIZES
)
GROUP_COMMIT_ROWS = Histogram("plaudit_group_commit_rows", "Rows that were written in one transaction.", buckets=_SIZES)
GROUP_COMMIT_SECONDS = Histogram(
    "plaudit_group_commit_seconds", "Time of one group's transaction, locks and commit included.", buckets=_LATENCIES
)
GROUP_COMMIT_QUEUE = Gauge(
    "plaudit_group_commit_queue", "Requests that wait for their group; over the limit, new ones get 503."
)
GROUP_COMMIT_SPLITS = Counter(
    "plaudit_group_commit_splits_total", "Groups that failed on the data and were split to find the wrong request."
)

OUTBOX_LAG_SECONDS = Gauge(
    "plaudit_outbox_lag_seconds",
    "Age of the oldest outbox row that is not published; 0 when there is none. Does not change while no relay leads: "
    "look at plaudit_relay_ready too.",
)
OUTBOX_LAG_ROWS = Gauge("plaudit_outbox_lag_rows", "Outbox rows after the relay's cursor, counted up to a limit.")
OUTBOX_WATERMARK_AGE_SECONDS = Gauge(
    "plaudit_outbox_watermark_age_seconds",
    "Age of the oldest open writer in the database: it holds the watermark, and later rows cannot be published.",
)
RELAY_PUBLISHED = Counter(
    "plaudit_relay_published_total", "Records that Kafka acknowledged, repeats after a failure included.", ["topic"]
)
RELAY_FAILURES = Counter(
    "plaudit_relay_failures_total", "Failures after which the relay led again from the stored cursor."
)
RELAY_READY = Gauge(
    "plaudit_relay_ready", "1 while this process holds the relay's lease and the topics fit its numbers, else 0."
)

CONSUMER_APPLIED = Counter("plaudit_consumer_applied_total", "Records whose effect was committed.", ["group", "topic"])
CONSUMER_REPEATED = Counter(
    "plaudit_consumer_repeated_total", "Records at or below the stored sequence, skipped.", ["group", "topic"]
)
CONSUMER_FENCED_BATCHES = Counter(
    "plaudit_consumer_fenced_batches_total",
    "Batches rolled back because another consumer had moved the partition's position.",
    ["group", "topic"],
)
CONSUMER_GAPS = Counter(
    "plaudit_consumer_gaps_total",
    "Times that a sequence was above the expected one, so that the partition stopped.",
    ["group", "topic"],
)
CONSUMER_HALTS = Counter(
    "plaudit_consumer_halts_total",
    "Times that a partition stopped until a person decides: a gap, a record that was deleted before it was read or is "
    "larger than a fetch, a topic that was made anew. It tells how often; plaudit_consumer_halted_partitions is what "
    "to alarm on.",
    ["group", "topic"],
)
CONSUMER_HALTED = Gauge(
    "plaudit_consumer_halted_partitions",
    "Partitions that are stopped until a person decides, for as long as they are; 0 from the start of the process on. "
    "More than 0 is an alarm.",
    ["group", "topic"],
)
CONSUMER_STOPPED = Gauge(
    "plaudit_consumer_stopped",
    "1 from when the fuse of a group has blown in this process, until its restart; else 0. More than 0 is an alarm.",
    ["group", "topic"],
)
CONSUMER_BATCH_RECORDS = Histogram(
    "plaudit_consumer_batch_records", "Records applied in one transaction.", ["group", "topic"], buckets=_SIZES
)
CONSUMER_BATCH_SECONDS = Histogram(
    "plaudit_consumer_batch_seconds",
    "Time of one batch's transaction, locks and commit included.",
    ["group", "topic"],
    buckets=_LATENCIES,
)
CONSUMER_RETRIES = Counter(
    "plaudit_consumer_retries_total",
    "Batches that were retried in place after a transient error or because the handler raised.",
    ["group", "topic"],
)
CONSUMER_LAG_RECORDS = Gauge(
    "plaudit_consumer_lag_records",
    "Records between the stored position and the end of the partition, as last seen by this member.",
    ["group", "topic", "partition"],
)
CONSUMER_PARKED = Gauge(
    "plaudit_consumer_parked",
    "Open dead letters that hold back later records of their key.",
    ["group", "topic", "partition"],
)
CONSUMER_REBALANCES = Counter(
    "plaudit_consumer_rebalances_total",
    "Times that this member was assigned a new set of partitions.",
    ["group", "topic"],
)
DEAD_LETTERS = Counter(
    "plaudit_dead_letters_total",
    "Records that became dead letters: invalid, failed (the handler raised) or held (after a failed one of their key).",
    ["group", "topic", "reason"],
)

LOOP_AGE_SECONDS = Gauge(
    "plaudit_loop_age_seconds", "Time since the last turn of the loop; over its limit, /livez fails.", ["loop"]
)
EVENT_LOOP_LAG_SECONDS = Gauge(
    "plaudit_event_loop_lag_seconds",
    "How late the event loop last woke a sleeping task: a high value means work that does not yield.",
)
LOG_FIELDS_DROPPED = Counter(
    "plaudit_log_fields_dropped_total",
    "Fields left out of log lines because neither plaudit.common.observability.log nor the service lists them.",
)
PROCESS_START = Gauge(
    "plaudit_process_ready_timestamp_seconds", "Unix time at which all parts of the process had started."
)


def exposition() -> bytes:
    """Return all metrics in Prometheus's text format, of the media type `CONTENT_TYPE`."""
    return generate_latest()


def mark_started(service: str, command: str) -> None:
    """Set the service and the command of this process, and the time of its start."""
    SERVICE_INFO.labels(service, command).set(1)
    PROCESS_START.set(time.time())
