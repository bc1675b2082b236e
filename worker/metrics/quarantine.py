"""What was rejected or failed for good, and still is."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

_QUARANTINE = text("""
SELECT coalesce(reason, error_code) AS reason, count(*) AS number FROM quarantine
WHERE discarded_at IS NULL GROUP BY 1 ORDER BY 1
""")


def read(connection: Connection) -> Iterable[Metric]:
    number = GaugeMetricFamily(
        "twodrive_quarantine", "Workorders and questions in quarantine, not discarded.", labels=["reason"]
    )
    for row in connection.execute(_QUARANTINE):
        number.add_metric([row.reason], row.number)
    return (number,)
