"""Requests that the backend wrote as rows and that have no answer yet."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

# Found by the index of open requests. Until `try_at` a request waits for its next try, or is worked on.
_OPEN = text("""
SELECT count(*) FILTER (WHERE state = 'waiting' AND due) AS waiting,
    count(*) FILTER (WHERE state = 'waiting' AND NOT due) AS postponed,
    count(*) FILTER (WHERE state = 'working') AS working,
    coalesce(extract(epoch FROM max(clock_timestamp() - asked_at)), 0) AS oldest,
    coalesce(extract(epoch FROM max(clock_timestamp() - try_at) FILTER (WHERE due)), 0) AS overdue
FROM (SELECT state, asked_at, try_at, try_at <= clock_timestamp() AS due
    FROM import_requests WHERE answered_at IS NULL) open_requests
""")


def read(connection: Connection) -> Iterable[Metric]:
    row = connection.execute(_OPEN).one()
    number = GaugeMetricFamily(
        "twodrive_import_requests_open", "Rows of import_requests without an answer.", labels=["state"]
    )
    for state in ("waiting", "postponed", "working"):
        number.add_metric([state], getattr(row, state))
    overdue = GaugeMetricFamily(
        "twodrive_import_requests_overdue_seconds",
        "How long one of them has been due and nobody has taken it; 0 for none.",
        value=float(row.overdue),
    )
    oldest = GaugeMetricFamily(
        "twodrive_import_requests_oldest_seconds",
        "How long ago the oldest of them was written; 0 for none.",
        value=max(0.0, float(row.oldest)),
    )
    return number, overdue, oldest
