import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from plaudit.common.observability.histogram import Histogram

BOUNDS = (0.5, 1, 2.5)
VALUES = (0.0, 0.5, 0.50001, 1.0, 2.0, 2.5, 99.0)


def lines(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_it_says_the_same_as_the_library_s_histogram() -> None:
    ours, theirs = CollectorRegistry(auto_describe=True), CollectorRegistry(auto_describe=True)
    for made in (
        Histogram("seconds", "Time.", ["route"], buckets=BOUNDS, registry=ours),
        prometheus_client.Histogram("seconds", "Time.", ["route"], buckets=BOUNDS, registry=theirs),
    ):
        for value in VALUES:
            made.labels("/a").observe(value)
        made.labels("/b").observe(VALUES[-1])
    assert lines(ours) == lines(theirs)


def test_one_without_labels_is_there_before_its_first_value() -> None:
    registry = CollectorRegistry(auto_describe=True)
    histogram = Histogram("rows", "Rows.", buckets=BOUNDS, registry=registry)
    assert registry.get_sample_value("rows_count") == 0
    histogram.observe(7)
    assert (registry.get_sample_value("rows_count"), registry.get_sample_value("rows_sum")) == (1, 7)


def test_the_wrong_number_of_labels_is_refused() -> None:
    histogram = Histogram("rows", "Rows.", ["a"], buckets=BOUNDS, registry=CollectorRegistry())
    with pytest.raises(ValueError, match="1 labels, not 2"):
        histogram.labels("x", "y")
