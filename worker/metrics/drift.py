"""Differences of Vinacles' columns that no operator has acknowledged."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

_DRIFT = text("""
SELECT kind, count(*) AS number FROM schema_drift WHERE acknowledged_at IS NULL GROUP BY 1 ORDER BY 1
""")


def read(connection: Connection) -> Iterable[Metric]:
    number = GaugeMetricFamily(
        "twodrive_schema_drift", "Changes of dealers' columns, not acknowledged.", labels=["kind"]
    )
    for row in connection.execute(_DRIFT):
        number.add_metric([row.kind], row.number)
    return (number,)
