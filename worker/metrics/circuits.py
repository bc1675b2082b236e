"""Dealers whose Vinacles is in trouble or left alone for a while. Nobody asks for a paused dealer, so it has
none of these."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

# A dealer that never failed has no row; a closed circuit with failures is on its way. The lease of a probe
# under way ends later than `probe_at`.
_CIRCUITS = text("""
SELECT dealer_id, trouble, failures, extract(epoch FROM clock_timestamp() - opened_at) AS open_for,
    extract(epoch FROM clock_timestamp() - greatest(probe_at, probe_until)) AS unasked_for
FROM circuits JOIN dealers USING (dealer_id)
WHERE failures > 0 AND NOT paused ORDER BY dealer_id
""")


def read(connection: Connection) -> Iterable[Metric]:
    number = GaugeMetricFamily("twodrive_circuits_open", "Dealers whose Vinacles is left alone for a while.")
    failures = GaugeMetricFamily(
        "twodrive_circuit_failures",
        "Questions to the dealer's Vinacles that failed in a row; absent for none.",
        labels=["dealer_id", "trouble"],
    )
    since = GaugeMetricFamily(
        "twodrive_circuit_open_seconds",
        "How long the dealer's Vinacles has been left alone; absent while it is not.",
        labels=["dealer_id", "trouble"],
    )
    unasked = GaugeMetricFamily(
        "twodrive_circuit_unasked_seconds",
        "How long it could have been asked again and nobody has; absent while it is not left alone.",
        labels=["dealer_id", "trouble"],
    )
    rows = list(connection.execute(_CIRCUITS))
    for row in rows:
        labels = [str(row.dealer_id), row.trouble]
        failures.add_metric(labels, row.failures)
        if row.open_for is not None:
            since.add_metric(labels, max(0.0, float(row.open_for)))
            unasked.add_metric(labels, max(0.0, float(row.unasked_for)))
    number.add_metric([], sum(row.open_for is not None for row in rows))
    return number, failures, since, unasked
