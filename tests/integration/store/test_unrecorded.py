"""What bulk refresh writes of workorders that have not changed."""

from dataclasses import replace
from datetime import timedelta

from schemas.decision import Fetched
from schemas.outcome import Outcome
from tests.integration.store.conftest import LINEAGE, Store
from tests.workorders import NOON, WORKORDER, fetched, numbered
from worker.store.workorders import store_page


def _without_record(store: Store, *answers: Fetched) -> list[Outcome]:
    page = store_page(
        store.database,
        store.dealer_id,
        {answer.workorder.dms_number: answer.digest for answer in answers},
        store.deciding(answers),
        LINEAGE,
        record_unchanged=False,
    )
    return [item.decision.outcome for item in page]  # type: ignore[union-attr]  # nothing is refused here


def test_bulk_records_all_but_the_unchanged(store: Store) -> None:
    store.put(fetched(numbered(1)), fetched(numbered(2)))
    rows = store.rows("SELECT * FROM import_attempts")
    before = store.fingerprint()
    assert _without_record(store, fetched(numbered(1), 1)) == [Outcome.UNCHANGED]
    assert _without_record(store, fetched(replace(numbered(1), make="Saab"), -1)) == [Outcome.UNCHANGED]
    assert (store.rows("SELECT * FROM import_attempts"), store.fingerprint()) == (rows, before)
    assert _without_record(store, fetched(replace(numbered(1), make="Saab"), 2), fetched(numbered(3))) == [
        Outcome.UPDATED,
        Outcome.CREATED,
    ]
    store.start_work()
    assert _without_record(store, fetched(replace(numbered(2), make="Saab"), 3)) == [Outcome.HELD]
    assert store.rows("SELECT dms_number, outcome FROM import_attempts WHERE id > 2 ORDER BY id") == [
        (1, "updated"),
        (3, "created"),
        (2, "held"),
    ]


def test_a_new_digest_found_in_bulk_keeps_older_answers_out(store: Store) -> None:
    store.put(fetched())
    assert _without_record(store, fetched(seconds=5, digest=b"reworded")) == [Outcome.UNCHANGED]
    assert store.put(fetched(replace(WORKORDER, make="Saab"), 4)) == [Outcome.UNCHANGED]
    assert store.rows("SELECT make, fetched_at FROM workorders") == [("Volvo", NOON + timedelta(seconds=5))]
