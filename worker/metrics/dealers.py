"""How fresh each dealer's workorders are, and how its refreshing goes: one statement for all dealers."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

# `ended` is the last run that ended, `done` the last that came to its end. A run that ended because somebody
# paused the dealer says nothing about refreshing, also after the pause.
_DEALERS = text("""
SELECT d.dealer_id,
    CASE WHEN d.paused THEN 'paused' WHEN d.refresh_every_minutes IS NULL THEN 'on_request'
        ELSE 'scheduled' END AS schedule,
    extract(epoch FROM clock_timestamp() - d.next_refresh_at) AS overdue,
    extract(epoch FROM done.finished_at) AS refreshed_at,
    ended.error_code
FROM dealers d
LEFT JOIN LATERAL (
    SELECT r.finished_at FROM refresh_runs r WHERE r.dealer_id = d.dealer_id AND r.state = 'done'
    ORDER BY r.started_at DESC LIMIT 1
) done ON true
LEFT JOIN LATERAL (
    SELECT r.error_code FROM refresh_runs r WHERE r.dealer_id = d.dealer_id AND r.finished_at IS NOT NULL
        AND r.error_code IS DISTINCT FROM 'dealer_paused'
    ORDER BY r.started_at DESC LIMIT 1
) ended ON NOT d.paused
ORDER BY d.dealer_id
""")


def read(connection: Connection) -> Iterable[Metric]:
    schedules = GaugeMetricFamily(
        "twodrive_dealers", "Dealers by how they are refreshed.", labels=["schedule"]
    )
    refreshed = GaugeMetricFamily(
        "twodrive_dealer_refreshed_timestamp_seconds",
        "When the dealer's last complete refresh ended, in seconds since 1970.",
        labels=["dealer_id"],
    )
    overdue = GaugeMetricFamily(
        "twodrive_dealer_overdue_seconds",
        "How long ago a scheduled dealer's next refresh should have begun; 0 while it is not yet due.",
        labels=["dealer_id"],
    )
    failed = GaugeMetricFamily(
        "twodrive_dealer_refresh_failed",
        "1 for dealers, not paused, whose last refresh failed.",
        labels=["dealer_id", "error_code"],
    )
    numbers = dict.fromkeys(("scheduled", "on_request", "paused"), 0)
    for row in connection.execute(_DEALERS):
        label = [str(row.dealer_id)]
        numbers[row.schedule] += 1
        if row.schedule == "scheduled":
            overdue.add_metric(label, max(0.0, float(row.overdue)))
        if row.refreshed_at is not None:
            refreshed.add_metric(label, float(row.refreshed_at))
        if row.error_code is not None:
            failed.add_metric([*label, row.error_code], 1)
    for schedule, number in numbers.items():
        schedules.add_metric([schedule], number)
    return schedules, refreshed, overdue, failed
