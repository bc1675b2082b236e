"""What the workers counted, as Prometheus' counters and histograms."""

from collections.abc import Iterable
from itertools import accumulate

import redis
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from worker.counting import FAMILIES, Count, Family, read
from worker.metrics.unborn import UNBORN


def counted(redis_client: redis.Redis) -> Iterable[Metric]:
    """One round trip."""
    counts = read(redis_client)
    return [metric_of(family, with_noughts(family, counts[family.name])) for family in FAMILIES]


def with_noughts(family: Family, counts: Iterable[Count]) -> list[Count]:
    """With a count of 0 for those labels of `UNBORN` that nothing was counted for."""
    known = {count.labels: count for count in counts}
    buckets = (0,) * (len(family.buckets) + 1) if family.buckets else ()
    noughts = {labels: Count(labels, 0, buckets) for labels in UNBORN.get(family, ())}
    return list({**noughts, **known}.values())


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
