"""What scoring counts beside what all services count."""

from typing import Final

from prometheus_client import Counter, Histogram

PUBLISHED: Final = Counter("plaudit_scores_published_total", "Scores told on the bus, by cause.", ["cause"])
PUBLISH_WAIT_SECONDS: Final = Histogram(
    "plaudit_scores_publish_wait_seconds",
    "From the commit that changed sums to the transaction that published their scores, at most.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
