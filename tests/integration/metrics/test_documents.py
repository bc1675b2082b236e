"""docs/metrics.md names every metric with its labels, and no other."""

import redis
from prometheus_client import CollectorRegistry

from tests.documents import ROOT, tables
from worker.counting import FAMILIES


def test_every_metric_is_documented(
    registry: CollectorRegistry, queues: redis.Redis, state: redis.Redis
) -> None:
    [table] = [
        t for t in tables(ROOT / "docs" / "metrics.md") if t.head == ("metric", "labels", "what it tells")
    ]
    assert sorted(table.first_column) == sorted(metric.name for metric in registry.collect())
    said = {name: [one.strip() for one in labels.split(",") if one.strip()] for name, labels, _ in table.rows}
    for family in FAMILIES:
        assert said[family.name] == list(family.labels)
    for metric in registry.collect():
        for sample in metric.samples:
            assert set(sample.labels) - {"le"} == set(said[metric.name]), metric.name
