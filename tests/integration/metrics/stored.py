"""Dealers and runs as they lie in PostgreSQL."""

from typing import Any

from sqlalchemy import text

from worker.store.session import Database

_ADD = """
INSERT INTO dealers (dealer_id, name, base_url, token_url, audience, client_id, client_secret_encrypted,
    refresh_every_minutes, paused, next_refresh_at)
SELECT n, 'Garage ' || n, 'https://x.example', 'https://x.example', 'a', 'c', 'e', :every, :paused,
    now() - make_interval(secs => :overdue)
FROM generate_series(CAST(:first AS int), :last) n
"""


_RUN = """
INSERT INTO refresh_runs (dealer_id, state, window_from, window_until, started_at, finished_at, last_page_at,
    ring_at, error_code)
VALUES (:dealer_id, :state, now(), now(), now() - make_interval(secs => :started),
    CASE WHEN :state IN ('done', 'failed') THEN now() - make_interval(secs => :ended) END,
    now() - make_interval(secs => :page), now() - make_interval(secs => :rung), :code)
"""


def add_dealers(database: Database, first: int, last: int, **fields: Any) -> None:
    given = {"every": 30, "paused": False, "overdue": -60, "first": first, "last": last, **fields}
    with database.transaction() as connection:
        connection.execute(text(_ADD), given)


def add_run(database: Database, dealer_id: int, state: str, **fields: Any) -> None:
    given = {"started": 3600, "ended": 3000, "page": 3000, "rung": 0, "code": None, **fields}
    with database.transaction() as connection:
        connection.execute(text(_RUN), {"dealer_id": dealer_id, "state": state, **given})
