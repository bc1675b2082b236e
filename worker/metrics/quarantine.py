"""What was rejected or failed for good, and still is. Of a reason that nobody has there are 0, so that its
first workorders are a growth."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

from worker.errors import ErrorCode
from worker.store.quarantine import REJECTIONS

_KNOWN = [member.value for member in (*REJECTIONS, *ErrorCode)]
_QUARANTINE = text("""
SELECT coalesce(reason, error_code) AS reason, count(*) AS number FROM quarantine
WHERE discarded_at IS NULL GROUP BY 1 ORDER BY 1
""")


def read(connection: Connection) -> Iterable[Metric]:
    number = GaugeMetricFamily(
        "twodrive_quarantine", "Workorders and questions in quarantine, not discarded.", labels=["reason"]
    )
    found = {row.reason: row.number for row in connection.execute(_QUARANTINE)}
    for reason, cases in {**dict.fromkeys(_KNOWN, 0), **found}.items():
        number.add_metric([reason], cases)
    return (number,)
