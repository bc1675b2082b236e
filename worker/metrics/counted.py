"""What the workers counted, as Prometheus' counters and histograms."""

from collections.abc import Iterable
from itertools import accumulate

import redis
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from worker.counting import FAMILIES, Count, Family, read


def counted(redis_client: redis.Redis) -> Iterable[Metric]:
    """One round trip."""
    counts = read(redis_client)
    return [metric_of(family, counts[family.name]) for family in FAMILIES]


def metric_of(family: Family, counts: Iterable[Count]) -> Metric:
    if not family.buckets:
        counter = CounterMetricFamily(family.name, family.purpose, labels=family.labels)
        for count in counts:
            counter.add_metric(count.labels, count.total)
        return counter
    histogram = HistogramMetricFamily(family.name, family.purpose, labels=family.labels)
    bounds = [*map(floatToGoString, family.buckets), "+Inf"]
    for count in counts:
        buckets = list(zip(bounds, accumulate(count.buckets), strict=True))
        histogram.add_metric(count.labels, buckets, count.seconds)
    return histogram
