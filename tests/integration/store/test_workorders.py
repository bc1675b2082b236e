"""Pages of workorders in PostgreSQL: what is written, kept, removed and recorded."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from schemas.decision import Change, Decision
from schemas.outcome import Outcome, Reason, Warning
from schemas.workorder import Role, workorder_id
from tests.integration.store.conftest import CHILDREN, DEALER, LINEAGE, WORKORDER_ID, Store, statements_of
from tests.workorders import CONTACT, INTERVENTION, NOON, PART, WORKORDER, fetched, full, numbered
from worker.errors import ErrorCode, MessageInvalid, StorageUnavailable
from worker.store.pages import Accepted, LockedPage, Page, Refused
from worker.store.workorders import PageOvertaken, find, lock_page, store_page, write_page

SAAB = replace(WORKORDER, make="Saab")
BARE = replace(WORKORDER, interventions=(), contacts=())


def test_what_was_fetched_is_what_is_shown(store: Store) -> None:
    assert store.put(fetched()) == [Outcome.CREATED]
    stored = store.card()
    assert stored is not None
    assert stored.workorder == WORKORDER
    assert (stored.digest, stored.fetched_at, stored.work_started_at) == (fetched().digest, NOON, None)


def test_the_row_says_who_wrote_it_last(store: Store) -> None:
    store.put(fetched())
    query = "SELECT id, dealer_id, imported_by_task, imported_by_request, imported_by_version FROM workorders"
    assert store.rows(query) == [(WORKORDER_ID, 7, "task", "click", "1.2.3")]


def test_find_and_card_keep_dealers_apart(store: Store) -> None:
    store.put(fetched())
    with store.database.transaction() as connection:
        assert find(connection, 7, WORKORDER_ID) == WORKORDER.dms_number
        assert find(connection, 8, WORKORDER_ID) is None
        assert find(connection, 7, uuid4()) is None
    assert store.card(uuid4()) is None


def test_only_what_differs_is_written(store: Store) -> None:
    two = replace(INTERVENTION, job_number=3, parts=())
    store.put(fetched(replace(WORKORDER, interventions=(INTERVENTION, two))))
    before = {row[:2]: row for row in store.fingerprint()}
    dearer = replace(two, labor_price=Decimal("1.00"))
    assert store.put(fetched(replace(WORKORDER, interventions=(INTERVENTION, dearer)), 1)) == [
        Outcome.UPDATED
    ]
    written = [row[0] for row in store.fingerprint() if row != before.get(row[:2])]
    assert written == ["workorders", "interventions"]


@pytest.mark.parametrize("seconds", [1, 0, -1])
def test_an_unchanged_workorder_is_not_written(store: Store, seconds: float) -> None:
    store.put(fetched())
    before = store.fingerprint()
    assert store.put(fetched(seconds=seconds)) == [Outcome.UNCHANGED]
    assert store.fingerprint() == before


def test_a_new_digest_of_equal_fields_is_noted_on_the_header_alone(store: Store) -> None:
    store.put(fetched())
    before = store.fingerprint()
    assert store.put(fetched(seconds=5, digest=b"new")) == [Outcome.UNCHANGED]
    assert [row for row in store.fingerprint() if row[0] != "workorders"] == before[1:]
    rows = store.rows("SELECT source_digest, fetched_at, created_at = updated_at FROM workorders")
    assert [(bytes(digest), *rest) for digest, *rest in rows] == [(b"new", NOON + timedelta(seconds=5), True)]


def test_what_disappears_is_marked_and_returns_under_its_id(store: Store) -> None:
    store.put(fetched())
    ids = {table: store.rows(f"SELECT id FROM {table}") for table in CHILDREN}
    store.put(fetched(BARE, 1))
    stored = store.card()
    assert stored is not None
    assert stored.workorder == BARE
    for table in CHILDREN:
        assert store.rows(f"SELECT id FROM {table} WHERE removed_at IS NOT NULL") == ids[table]
    removed = store.fingerprint()
    store.put(fetched(replace(BARE, make="Saab"), 2))
    assert store.fingerprint()[1:] == removed[1:], "removed once, the rows are left alone"
    store.put(fetched(WORKORDER, 3))
    for table in CHILDREN:
        assert store.rows(f"SELECT id FROM {table} WHERE removed_at IS NULL") == ids[table]


def test_a_part_keeps_its_id_in_another_intervention(store: Store) -> None:
    store.put(fetched())
    ids = store.rows("SELECT id FROM parts")
    moved = (replace(INTERVENTION, parts=()), replace(INTERVENTION, job_number=9, position=2, parts=(PART,)))
    store.put(fetched(replace(WORKORDER, interventions=moved), 1))
    assert store.rows("SELECT id FROM parts WHERE job_number = 9 AND removed_at IS NULL") == ids


def test_interventions_keep_the_order_of_the_dms(store: Store) -> None:
    jobs = tuple(replace(INTERVENTION, job_number=n, position=9 - n, parts=()) for n in (3, 1, 2))
    store.put(fetched(replace(WORKORDER, interventions=jobs)))
    stored = store.card()
    assert stored is not None
    assert stored.workorder is not None
    assert [job.job_number for job in stored.workorder.interventions] == [3, 2, 1]


def test_changes_are_recorded_once_and_without_personal_data(store: Store) -> None:
    store.put(fetched())
    married = replace(SAAB, contacts=(replace(CONTACT, last_name="De Vries"),))
    store.put(fetched(married, 1))
    store.put(fetched(married, 2))
    rows = store.rows("SELECT workorder_id, fetched_at, path, old, new FROM workorder_changes ORDER BY id")
    later = NOON + timedelta(seconds=1)
    assert rows == [
        (WORKORDER_ID, later, "make", "Volvo", "Saab"),
        (WORKORDER_ID, later, "contacts.driver.last_name", None, None),
    ]


def test_held_changes_are_no_history(store: Store) -> None:
    store.put(fetched())
    store.start_work()
    assert store.put(fetched(SAAB, 1)) == [Outcome.HELD]
    assert store.rows("SELECT path FROM workorder_changes") == []


def test_every_attempt_is_recorded(store: Store) -> None:
    accepted = Accepted(
        fetched(), Decision(Outcome.CREATED, warnings=(Warning.MILEAGE_FELL,)), (Warning.UNREADABLE_PHONE,)
    )
    page: Page = [
        accepted,
        Refused(Outcome.REJECTED, Reason.NO_LABOR_ITEM, NOON, 12, "WO-12", (Warning.TEXT_SHORTENED,)),
        Refused(Outcome.NOT_FOUND, Reason.NO_MATCH, NOON),
    ]
    assert store_page(store.database, 7, {5001: fetched().digest}, lambda _: page, LINEAGE) == page
    rows = store.rows(
        "SELECT workorder_id, dms_number, wo_number, outcome, reason, warnings "
        "FROM import_attempts ORDER BY id"
    )
    assert rows == [
        (WORKORDER_ID, 5001, "WO-5001", "created", None, ["unreadable_phone", "mileage_fell"]),
        (workorder_id(7, 12), 12, "WO-12", "rejected", "no_labor_item", ["text_shortened"]),
        (None, None, None, "not_found", "no_match", []),
    ]
    common = store.rows(
        "SELECT DISTINCT dealer_id, trigger, request_id, task_id, requests, fetched_at, error_code "
        "FROM import_attempts"
    )
    assert common == [(7, "search", "click", "task", 3, NOON, None)]


def test_an_attempt_lasts_from_its_start_until_it_is_written(store: Store) -> None:
    ((started_at,),) = store.rows("SELECT clock_timestamp() - interval '5 seconds'")
    refused = Refused(Outcome.NOT_FOUND, Reason.NO_MATCH, NOON)
    store_page(store.database, 7, {}, lambda _: [refused], replace(LINEAGE, started_at=started_at))
    ((recorded, duration_ms),) = store.rows("SELECT started_at, duration_ms FROM import_attempts")
    assert recorded == started_at
    assert duration_ms >= 5_000


def test_a_page_of_refusals_needs_no_digest(store: Store) -> None:
    refused = Refused(Outcome.NOT_FOUND, Reason.NO_MATCH, NOON)
    assert store_page(store.database, 7, {}, lambda _: [refused], LINEAGE) == [refused]
    assert store_page(store.database, 7, {}, lambda _: [], LINEAGE) == []
    assert store.rows("SELECT count(*) FROM import_attempts") == [(1,)]


def test_a_page_costs_the_same_statements_for_any_size(store: Store) -> None:
    def costs(first: int, size: int) -> list[int]:
        page = [full(first + n) for n in range(size)]
        dearer = [replace(workorder, mileage_km=90_000) for workorder in page]
        return [
            statements_of(store, lambda: store.put(*(fetched(workorder) for workorder in page))),
            statements_of(store, lambda: store.put(*(fetched(workorder, 1) for workorder in page))),
            statements_of(store, lambda: store.put(*(fetched(workorder, 2) for workorder in dearer))),
        ]

    assert costs(10_000, 1) == costs(20_000, 500) == [3, 3, 4]


def test_an_unknown_dealer_is_refused(store: Store) -> None:
    with pytest.raises(MessageInvalid) as caught, store.database.transaction() as connection:
        lock_page(connection, 8, {1: b""})
    assert caught.value.code is ErrorCode.DEALER_UNKNOWN


def test_the_same_digest_is_not_read(store: Store) -> None:
    store.put(fetched(), fetched(numbered(2)))
    with store.database.transaction() as connection:
        page = lock_page(connection, DEALER.dealer_id, {5001: fetched().digest, 2: b"other", 3: b"new"})
    assert page.stored.keys() == {5001, 2}
    assert page.stored[5001].workorder is None
    assert page.stored[2].workorder == numbered(2)


@pytest.mark.parametrize("outcome", [Outcome.CREATED, Outcome.UPDATED])
def test_a_decision_that_came_too_late_is_taken_again(store: Store, outcome: Outcome) -> None:
    """Created although another worker has just done so; updated although work has just started."""
    store.put(fetched())
    store.start_work()
    before = store.fingerprint()
    answer = fetched(SAAB, 1)
    with pytest.raises(PageOvertaken), store.database.transaction() as connection:
        write_page(connection, 7, [Accepted(answer, Decision(outcome))], LINEAGE)
    with pytest.raises(StorageUnavailable):
        store.put(answer, decision=Decision(outcome))
    assert store.fingerprint() == before
    assert store.rows("SELECT count(*) FROM import_attempts") == [(1,)]

    decisions = iter([Decision(outcome), Decision(Outcome.HELD)])

    def decide_better(_: LockedPage) -> Page:
        return [Accepted(answer, next(decisions))]

    store_page(store.database, 7, {5001: answer.digest}, decide_better, LINEAGE)
    assert store.rows("SELECT outcome FROM import_attempts ORDER BY id") == [("created",), ("held",)]


def test_the_roles_of_contacts_are_kept(store: Store) -> None:
    contacts = tuple(replace(CONTACT, role=role) for role in Role)
    store.put(fetched(replace(WORKORDER, contacts=contacts)))
    assert store.rows("SELECT role FROM contacts ORDER BY id") == [(role.value,) for role in Role]


def test_a_change_carries_its_texts(store: Store) -> None:
    store.put(fetched())
    change = Change("interventions.2.title", "50% 'off' :now", None)
    store.put(fetched(SAAB, 1), decision=Decision(Outcome.UPDATED, (change,)))
    assert store.rows("SELECT path, old, new FROM workorder_changes") == [
        (change.path, change.old, change.new)
    ]
