"""Rows of `import_requests` that wait, as metrics."""

import pytest
from sqlalchemy import text

from tests.integration.metrics.conftest import Value
from worker.store.session import Database


def test_requests_in_the_table(database: Database, value: Value) -> None:
    assert value("twodrive_import_requests_oldest_seconds") == 0
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO import_requests (dealer_id, kind, search, state, lease_owner, asked_at, try_at)"
                " SELECT 1, 'import', 'WO-1', state, owner, now() - asked, now() - due FROM (VALUES"
                " ('waiting', NULL, interval '3 h', interval '-200 s'),"
                " ('working', 'a', interval '2 h', interval '-30 s')) open_ones (state, owner, asked, due)"
            )
        )
    assert requests_open(value) == {"waiting": 0, "postponed": 1, "working": 1}
    # One is put off since its dealer's Vinacles is away, one is worked on: nobody has to act.
    assert value("twodrive_import_requests_overdue_seconds") == 0
    assert value("twodrive_import_requests_oldest_seconds") == pytest.approx(3 * 3600, abs=60)
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO import_requests (dealer_id, kind, search, asked_at, try_at) VALUES"
                " (1, 'import', 'WO-2', now(), now()),"
                " (1, 'import', 'WO-3', now() - interval '9000 s', now() - interval '500 s')"
            )
        )
    assert requests_open(value) == {"waiting": 2, "postponed": 1, "working": 1}
    assert value("twodrive_import_requests_overdue_seconds") == pytest.approx(500, abs=60)


def test_a_request_whose_worker_died_is_due_after_its_lease(database: Database, value: Value) -> None:
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO import_requests (dealer_id, kind, search, state, lease_owner, try_at) VALUES"
                " (1, 'import', 'WO-1', 'working', 'dead', now() - interval '300 s')"
            )
        )
    assert value("twodrive_import_requests_overdue_seconds") == pytest.approx(300, abs=60)


def requests_open(value: Value) -> dict[str, float | None]:
    states = ("waiting", "postponed", "working")
    return {state: value("twodrive_import_requests_open", state=state) for state in states}
