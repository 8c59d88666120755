"""What scoring counts beside what all services count."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

PUBLISHED: Final = Counter("plaudit_scores_published_total", "Scores told on the bus, by cause.", ["cause"])
PUBLISH_WAIT_SECONDS: Final = Histogram(
    "plaudit_scores_publish_wait_seconds",
    "From the commit that changed sums to the transaction that published their scores, at most.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
SUMS_REPAIRED: Final = Counter(
    "plaudit_sums_repaired_total",
    "Rows of sums that were not what the ledger says and were summed anew. `rounded`: much was taken away, and "
    "rounding showed in what was left, as it may. `differing`: counts were wrong. Any increase of it is an alarm.",
    ["reason"],
)
DERIVED_ROWS_REPAIRED: Final = Counter(
    "plaudit_derived_rows_repaired_total",
    "Rows of insight and answers that were not what is kept of each review says, and were made anew. Any increase is "
    "an alarm.",
    ["table"],
)
SUMS_NOT_COMPARED: Final = Counter(
    "plaudit_sums_not_compared_total",
    "Subjects of one segment that a nightly comparison left out: a group has set a record aside, history is far behind "
    "live, or it took too long. And reviews of which insight or answers keep something that nobody can read.",
)
RECONCILED_TIMESTAMP_SECONDS: Final = Gauge(
    "plaudit_sums_reconciled_timestamp_seconds",
    "Unix time at which the last nightly comparison of all sums ended; 0 until one has.",
)
SUMS_TO_REPAIR: Final = Gauge(
    "plaudit_sums_to_repair",
    "Marks of sums that are damaged, or in which rounding shows, and that are to be summed anew.",
)
OLDEST_MARK_SECONDS: Final = Gauge(
    "plaudit_scores_oldest_mark_seconds",
    "How long the oldest change of sums waits for its scores to be published; 0 when none does.",
)
TAIL_RECORDS: Final = Gauge(
    "plaudit_cells_tail_records", "Records whose entries are in the ledger and in no cell of large subjects yet."
)
UNFILLED_PREFIXES: Final = Gauge("plaudit_cells_unfilled_subjects", "Large subjects whose cells are not filled.")
MOVES_BEHIND_DAYS: Final = Gauge(
    "plaudit_moves_behind_days", "Days that are over, of which the changes of some large subject are not summed."
)
UNFILLED_HALF_LIVES: Final = Gauge(
    "plaudit_half_lives_unfilled", "Half-lives of tenants' own that are being filled or dropped."
)
REPAIRED_DERIVED: Final = {
    table: DERIVED_ROWS_REPAIRED.labels(table) for table in ("insight_days", "insight_places", "answer_places")
}
REPAIRED_DIFFERING: Final = SUMS_REPAIRED.labels("differing")
REPAIRED_ROUNDED: Final = SUMS_REPAIRED.labels("rounded")
