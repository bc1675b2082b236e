"""What was kept long enough goes, table by table, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.workorder import workorder_id
from tests.integration.store.conftest import Store
from tests.workorders import fetched, numbered
from worker.deadline import Deadline
from worker.retention import Retention
from worker.store.known import known_outside
from worker.store.retention import RULES
from worker.store.runs import Window
from worker.store.tables import metadata

_OFF = dict.fromkeys(RULES, 0)
#: Tables whose rows stay, and why.
_KEPT = {
    "dealers": "operators add and pause them; what imports found refers to them",
    "workorders": "Claire works with them; nothing is deleted under its feet",
    "interventions": "part of a workorder",
    "parts": "part of a workorder",
    "circuits": "one row for a dealer",
    "schema_drift": "a row for each change of a dealer's columns, and holds no values",
    "drift_policies": "operators set and remove them",
}
_MOMENT = {
    "import_attempts": "started_at",
    "workorder_changes": "changed_at",
    "refresh_runs": "finished_at",
    "early_work_starts": "started_at",
    "import_requests": "answered_at",
    "quarantine": "last_seen_at",
}


def test_each_table_is_purged_or_kept_for_a_reason() -> None:
    purged = {rule.table for rule in RULES.values()}
    assert purged | _KEPT.keys() == set(metadata.tables)
    assert not purged & _KEPT.keys()


@pytest.fixture
def aged(store: Store) -> Store:
    """Rows of each kind, one of them 100 days old and one of them new, and a workorder of long ago."""
    store.put(fetched(numbered(1)), fetched(numbered(2)))
    store.run("DELETE FROM import_attempts")
    for days in (100, 0):
        store.run(
            "INSERT INTO import_attempts (dealer_id, trigger, error_code, started_at, duration_ms, requests) "
            "VALUES (7, 'search', 'x', now() - make_interval(days => :days), 1, 1)",
            days=days,
        )
        store.run(
            "INSERT INTO workorder_changes (workorder_id, changed_at, fetched_at, path) SELECT id, "
            "now() - make_interval(days => :days), now(), 'make' FROM workorders WHERE dms_number = 1",
            days=days,
        )
        store.run(
            "INSERT INTO refresh_runs (dealer_id, state, window_from, window_until, ring_at, finished_at) "
            "VALUES (7, 'done', now(), now(), now(), now() - make_interval(days => :days))",
            days=days,
        )
        store.run(
            "INSERT INTO early_work_starts (dealer_id, workorder_id, started_at) "
            "VALUES (7, gen_random_uuid(), now() - make_interval(days => :days))",
            days=days,
        )
        store.run(
            "INSERT INTO import_requests (dealer_id, kind, state, error_code, answered_at) "
            "VALUES (7, 'import', 'failed', 'x', now() - make_interval(days => :days))",
            days=days,
        )
        quarantined(store, f"rows/{days:02x}", days)
    store.run("UPDATE workorders SET appointment_at = now() - interval '100 days' WHERE dms_number = 1")
    store.run("UPDATE workorders SET appointment_at = now() WHERE dms_number = 2")
    return store


def quarantined(
    store: Store, subject: str, days: int, number: int | None = None, appointment_days: int | None = None
) -> None:
    """A discarded rejection, read for the last time so many days ago; the appointment was also days ago."""
    store.run(
        "INSERT INTO quarantine (dealer_id, subject, reason, trigger, since, last_seen_at, discarded_at, "
        "dms_number, workorder_id, appointment_local, source_digest) "
        "VALUES (7, :subject, 'unreadable_number', 'bulk', now() - interval '2000 days', "
        "now() - make_interval(days => :days), now(), :number, CAST(:key AS uuid), "
        "now() - make_interval(days => :appointment_days), 'rows')",
        subject=subject,
        days=days,
        number=number,
        key=number and str(workorder_id(7, number)),
        appointment_days=appointment_days,
    )


def purge(store: Store, batch_rows: int = 5_000, **days: int) -> dict[str, int]:
    return Retention(store.database, {**_OFF, **days}, batch_rows).purge(Deadline.after(60))


@pytest.mark.parametrize("setting", RULES)
def test_the_old_go_and_the_new_stay(aged: Store, setting: str) -> None:
    table = RULES[setting].table
    before = everything(aged)
    retention = Retention(aged.database, {**_OFF, setting: 99})
    assert retention.overdue() == {rule.table: int(rule.table == table) for rule in RULES.values()}
    assert purge(aged, **{setting: 99}) == retention.overdue() | {table: 1}
    assert purge(aged, **{setting: 99})[table] == 0
    after = everything(aged)
    assert {name for name in before if before[name] != after[name]} == {table}
    if table in _MOMENT:
        [(age,)] = aged.rows(f"SELECT (now() - {_MOMENT[table]}) < interval '1 day' FROM {table}")
        assert age is True


def test_people_of_old_workorders_are_emptied_and_their_rows_stay(aged: Store) -> None:
    purge(aged, keep_contacts_days=99)
    found = aged.rows(
        "SELECT w.dms_number, c.last_name, c.phone, c.phone_as_written, c.email FROM contacts c "
        "JOIN workorders w ON w.id = c.workorder_id ORDER BY 1"
    )
    assert found == [(1, None, None, None, None), (2, "Jansen", "+31612345678", None, "jansen@example.com")]


@pytest.mark.parametrize("days", [0, 101])
def test_for_ever_and_not_yet(aged: Store, days: int) -> None:
    before = everything(aged)
    assert set(purge(aged, **dict.fromkeys(RULES, days)).values()) == {0}
    assert everything(aged) == before


def test_an_open_run_is_never_old(aged: Store) -> None:
    aged.run(
        "INSERT INTO refresh_runs (dealer_id, window_from, window_until, ring_at, started_at) "
        "VALUES (7, now(), now(), now(), now() - interval '500 days')"
    )
    assert purge(aged, keep_runs_days=1)["refresh_runs"] == 1
    assert aged.rows("SELECT state FROM refresh_runs ORDER BY state") == [("done",), ("waiting",)]


def test_many_rows_go_batch_by_batch_until_the_time_is_over(aged: Store) -> None:
    aged.run(
        "INSERT INTO import_attempts (dealer_id, trigger, error_code, started_at, duration_ms, requests) "
        "SELECT 7, 'search', 'x', now() - interval '100 days', 1, 1 FROM generate_series(1, 24)"
    )
    ticks = iter(range(100))
    short = Retention(aged.database, {**_OFF, "keep_attempts_days": 99}, batch_rows=10)
    assert short.purge(Deadline(2, lambda: float(next(ticks))))["import_attempts"] == 20
    assert purge(aged, 10, keep_attempts_days=99)["import_attempts"] == 5


def test_a_row_that_somebody_holds_is_left_for_the_next_night(aged: Store) -> None:
    with aged.database.transaction() as connection:
        connection.exec_driver_sql("SELECT * FROM refresh_runs FOR UPDATE")
        assert purge(aged, keep_runs_days=99)["refresh_runs"] == 0
    assert purge(aged, keep_runs_days=99)["refresh_runs"] == 1


@pytest.mark.parametrize(
    ("appointment_days", "days_back", "goes"),
    [(-30, 14, False), (170, 14, False), (200, 14, True), (200, 300, False), (None, 14, True)],
    ids=["to come", "known", "over", "within the dealer's window", "without a date"],
)
def test_what_a_run_may_still_read_stays_in_quarantine(
    store: Store, appointment_days: int | None, days_back: int, goes: bool
) -> None:
    """Nothing tells when a run read it just so; and what is discarded must not come back as new."""
    store.run("UPDATE dealers SET days_back = :days", days=days_back)
    quarantined(store, "workorder/9", 100, 9, appointment_days)
    [(today,)] = store.rows("SELECT CAST(now() AS timestamp)")
    window = Window(today - timedelta(days=days_back), today + timedelta(days=60))
    with store.database.transaction() as connection:
        outside = known_outside(connection, 7, window, 0, 10)
    assert purge(store, keep_quarantine_days=99)["quarantine"] == int(goes)
    if goes:
        assert outside == []


def test_a_stored_workorder_keeps_its_row_as_long_as_runs_ask_for_it(store: Store) -> None:
    store.put(fetched(numbered(9)))
    quarantined(store, "workorder/9", 100, 9, 400)
    store.run("UPDATE workorders SET appointment_local = now() - interval '170 days'")
    assert purge(store, keep_quarantine_days=99)["quarantine"] == 0
    store.run("UPDATE workorders SET appointment_local = now() - interval '200 days'")
    assert purge(store, keep_quarantine_days=99)["quarantine"] == 1


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {table: store.rows(f"SELECT t::text FROM {table} t ORDER BY 1") for table in metadata.tables}
