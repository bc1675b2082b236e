"""Requests that the backend wrote as rows and that have no answer yet."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

# Found by the index of open requests.
_OPEN = text("""
SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
    count(*) FILTER (WHERE state = 'working') AS working,
    coalesce(extract(epoch FROM clock_timestamp() - min(asked_at)), 0) AS oldest
FROM import_requests WHERE answered_at IS NULL
""")


def read(connection: Connection) -> Iterable[Metric]:
    row = connection.execute(_OPEN).one()
    number = GaugeMetricFamily(
        "twodrive_import_requests_open", "Rows of import_requests without an answer.", labels=["state"]
    )
    number.add_metric(["waiting"], row.waiting)
    number.add_metric(["working"], row.working)
    oldest = GaugeMetricFamily(
        "twodrive_import_requests_oldest_seconds",
        "How long ago the oldest of them was written; 0 for none.",
        value=max(0.0, float(row.oldest)),
    )
    return number, oldest
