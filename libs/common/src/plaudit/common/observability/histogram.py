"""A histogram for hot paths: an observation costs 0.14 µs, with prometheus_client's own 0.8 µs (timeit).

That one locks for each observation. Here the counts are plain numbers, observed in one thread (that of the event loop)
and put into Prometheus's form when they are scraped.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Observations:
    """The observations of one set of labels."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Count by upper bounds, each included, and beyond the last."""
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


class Histogram(Collector):
    """Counts values by upper bounds, in the thread of the event loop only."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Sequence[str] = (),
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        """Register the histogram; one without labels is there from the start."""
        self._name = name
        self._documentation = documentation
        self._labelnames = tuple(labelnames)
        self._bounds = tuple(map(float, buckets))
        self._children: dict[tuple[str, ...], Observations] = {}
        if not self._labelnames:
            self.observe = self.labels().observe
        registry.register(self)

    def labels(self, *values: str) -> Observations:
        """Return the observations of these values of the labels."""
        if len(values) != len(self._labelnames):
            raise ValueError(f"{self._name} has {len(self._labelnames)} labels, not {len(values)}")
        if values not in self._children:
            self._children[values] = Observations(self._bounds)
        return self._children[values]

    def describe(self) -> list[HistogramMetricFamily]:
        """Return the metric without values."""
        return [HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return the values of all labels."""
        [family] = self.describe()
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        for values, child in self._children.items():
            family.add_metric(values, list(zip(names, accumulate(child.counts), strict=True)), child.total)
        yield family
