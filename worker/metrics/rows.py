"""What was written to each table, and how large it is, by PostgreSQL's own statistics."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from sqlalchemy import Connection, text

from worker.store.tables import metadata

_TABLES = text("""
SELECT relname, n_tup_ins AS insert, n_tup_upd AS update, n_tup_del AS delete, n_live_tup AS live,
    pg_total_relation_size(relid) AS bytes
FROM pg_stat_user_tables
WHERE schemaname = current_schema() AND relname = ANY(:names)
ORDER BY relname
""")


def read(connection: Connection) -> Iterable[Metric]:
    written = CounterMetricFamily(
        "twodrive_rows_written", "Rows written, also by others than us.", labels=["table", "operation"]
    )
    live = GaugeMetricFamily("twodrive_rows", "Rows, as PostgreSQL estimates them.", labels=["table"])
    size = GaugeMetricFamily("twodrive_table_bytes", "Size with indexes.", labels=["table"])
    for row in connection.execute(_TABLES, {"names": list(metadata.tables)}):
        for operation in ("insert", "update", "delete"):
            written.add_metric([row.relname, operation], getattr(row, operation))
        live.add_metric([row.relname], row.live)
        size.add_metric([row.relname], row.bytes)
    return written, live, size
