"""Differences of Vinacles' columns that are seen and that no operator has acknowledged."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

from worker.store.drift import OVER_AFTER_DAYS

_DRIFT = text("""
SELECT kind, count(*) AS number FROM schema_drift
WHERE acknowledged_at IS NULL AND last_seen_at >= now() - make_interval(days => :days)
GROUP BY 1 ORDER BY 1
""")


def read(connection: Connection) -> Iterable[Metric]:
    number = GaugeMetricFamily(
        "twodrive_schema_drift",
        "Changes of dealers' columns of the last 7 days, not acknowledged.",
        labels=["kind"],
    )
    for row in connection.execute(_DRIFT, {"days": OVER_AFTER_DAYS}):
        number.add_metric([row.kind], row.number)
    return (number,)
