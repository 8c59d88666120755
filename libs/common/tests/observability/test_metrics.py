import re

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from plaudit.common.observability import metrics

DECLARED = [value for value in vars(metrics).values() if isinstance(value, (Counter, Gauge, Histogram))]
NAMES = [next(iter(metric.describe())).name for metric in DECLARED]
UNBOUNDED_LABELS = {"tenant", "tenant_id", "user", "key_id", "path", "review_id", "subject", "request_id"}


@pytest.mark.parametrize("metric", DECLARED, ids=NAMES)
def test_a_metric_has_our_prefix_a_unit_a_meaning_and_bounded_labels(metric: Counter | Gauge | Histogram) -> None:
    described = next(iter(metric.describe()))
    assert re.fullmatch(r"plaudit_[a-z0-9_]+", described.name)
    assert described.documentation.endswith(".")
    assert not UNBOUNDED_LABELS & set(metric._labelnames)
    assert not described.name.endswith(("_ms", "_milliseconds", "_count", "_sum"))


def test_the_exposition_is_readable_and_holds_every_metric() -> None:
    families = {family.name for family in text_string_to_metric_families(metrics.exposition().decode())}
    assert set(NAMES) <= families


def test_the_names_that_alarms_rely_on_are_kept() -> None:
    names = {name + "_total" * isinstance(metric, Counter) for name, metric in zip(NAMES, DECLARED, strict=True)}
    assert {
        "plaudit_consumer_fenced_batches_total",
        "plaudit_consumer_gaps_total",
        "plaudit_dead_letters_total",
        "plaudit_outbox_watermark_age_seconds",
        "plaudit_outbox_lag_rows",
        "plaudit_outbox_lag_seconds",
        "plaudit_relay_published_total",
        "plaudit_relay_ready",
    } <= names
