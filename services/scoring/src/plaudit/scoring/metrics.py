"""What scoring counts beside what all services count."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

PUBLISHED: Final = Counter("plaudit_scores_published_total", "Scores told on the bus, by cause.", ["cause"])
PUBLISH_WAIT_SECONDS: Final = Histogram(
    "plaudit_scores_publish_wait_seconds",
    "From the commit that changed sums to the transaction that published their scores, at most.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
SUMS_REPAIRED = Counter(
    "plaudit_sums_repaired_total",
    "Rows of sums that were not what the ledger says and were summed anew. `rounded`: much was taken away, and "
    "rounding showed in what was left, as it may. `differing`: counts were wrong. Any increase of it is an alarm.",
    ["reason"],
)
SUMS_NOT_COMPARED = Counter(
    "plaudit_sums_not_compared_total",
    "Subjects of one segment that a nightly comparison left out: a group has set a record aside, history is far behind "
    "live, or it took too long.",
)
RECONCILED_TIMESTAMP_SECONDS = Gauge(
    "plaudit_sums_reconciled_timestamp_seconds",
    "Unix time at which a nightly comparison of all sums ended in this process; 0 until one has.",
)
REPAIRED_DIFFERING: Final = SUMS_REPAIRED.labels("differing")
REPAIRED_ROUNDED: Final = SUMS_REPAIRED.labels("rounded")
