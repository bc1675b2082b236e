"""Bulk refreshes under way."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

from worker.store.columns import OPEN_RUN, RunState

#: A page takes seconds; a run that has stored none for this long is stuck, or nobody takes it up.
STUCK_SECONDS = 600

# A run that was put off, since its dealer's Vinacles is left alone, is silent from when it is due again.
_OPEN = text(f"""
SELECT state, count(*) AS number, count(*) FILTER (WHERE silent > :stuck) AS stuck
FROM (
    SELECT state, extract(epoch FROM clock_timestamp() - CASE WHEN error_code = 'vinacles_circuit_open'
        THEN ring_at ELSE coalesce(last_page_at, started_at) END) AS silent
    FROM refresh_runs WHERE {OPEN_RUN}
) open_runs
GROUP BY state
""")  # noqa: S608  a constant


def read(connection: Connection) -> Iterable[Metric]:
    found = {row.state: row for row in connection.execute(_OPEN, {"stuck": STUCK_SECONDS})}
    number = GaugeMetricFamily(
        "twodrive_refresh_runs_open", "Refreshes that have not ended.", labels=["state"]
    )
    stuck = GaugeMetricFamily(
        "twodrive_refresh_runs_stuck",
        f"Those of them that have stored no page for {STUCK_SECONDS} s, pauses of their circuit left out.",
        labels=["state"],
    )
    for state in (state for state in RunState if state.is_open):
        row = found.get(state.value)
        number.add_metric([state.value], row.number if row else 0)
        stuck.add_metric([state.value], row.stuck if row else 0)
    return number, stuck
