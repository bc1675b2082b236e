"""The conditions inside the SQL, without the policy: what was decided is wrong here on purpose."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sandbox.processes import wait_until
from schemas.decision import Decision, Fetched
from schemas.messages import MarkStarted
from schemas.outcome import Outcome, Warning
from tests.integration.store.conftest import LINEAGE, Store
from tests.workorders import CONTACT, INTERVENTION, NOON, PART, WORKORDER, fetched
from worker.store.pages import Accepted
from worker.store.starts import mark_started
from worker.store.workorders import PageOvertaken, write_page

ALL_DIFFERENT = replace(
    WORKORDER,
    make="Saab",
    interventions=(replace(INTERVENTION, title="Other", parts=(replace(PART, line_id=1),)),),
    contacts=(replace(CONTACT, last_name="De Vries"),),
)


def force(store: Store, answer: Fetched) -> bool:
    """Write and commit although the writing was incomplete; whether everything was written."""
    with store.database.transaction() as connection:
        try:
            item = Accepted(answer, Decision(Outcome.UPDATED))
            write_page(connection, store.dealer_id, [item], LINEAGE)
        except PageOvertaken:
            return False
        return True


def test_started_work_is_kept(store: Store) -> None:
    store.put(fetched())
    store.start_work()
    rows = store.fingerprint()
    assert not force(store, fetched(ALL_DIFFERENT, 1))
    assert store.fingerprint() == rows


def test_started_work_is_changed_for_a_dealer_that_keeps_importing(store: Store) -> None:
    store.put(fetched())
    store.start_work()
    store.keep_importing()
    assert force(store, fetched(ALL_DIFFERENT, 1))
    stored = store.card()
    assert stored is not None
    assert stored.workorder == ALL_DIFFERENT


def test_an_older_answer_is_not_written(store: Store) -> None:
    store.put(fetched(seconds=1))
    rows = store.fingerprint()
    assert not force(store, fetched(ALL_DIFFERENT))
    assert store.fingerprint() == rows


def test_an_older_answer_leaves_no_digest_behind(store: Store) -> None:
    """Else the next answer with that digest would pass for what is stored."""
    store.put(fetched())
    store.put(fetched(seconds=9))
    assert store.put(fetched(ALL_DIFFERENT, 5)) == [Outcome.UNCHANGED]
    assert store.rows("SELECT warnings FROM import_attempts ORDER BY id")[2] == (
        [Warning.NEWER_ANSWER_STORED],
    )
    assert store.put(fetched(ALL_DIFFERENT, 10)) == [Outcome.UPDATED]


@pytest.mark.parametrize("decision", [Decision(Outcome.UPDATED), Decision(Outcome.UNCHANGED)])
def test_work_that_starts_between_reading_and_writing_is_kept(store: Store, decision: Decision) -> None:
    """Read without any lock, as no import does; the writing meets a start that is not yet committed."""
    store.put(fetched())
    rows = store.fingerprint()[1:]
    answer = fetched(ALL_DIFFERENT, 1)

    def write() -> None:
        with store.database.transaction() as connection:
            write_page(connection, store.dealer_id, [Accepted(answer, decision)], LINEAGE)

    with ThreadPoolExecutor(1) as pool:
        with store.database.transaction() as connection:
            mark_started(connection, MarkStarted(store.dealer_id, store.key, NOON))
            writing = pool.submit(write)
            query = (
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                "WHERE NOT l.granted AND a.datname = current_database()"
            )
            wait_until(lambda: store.rows(query) == [(1,)], 20, "the writing to wait for the start")
        if decision.outcome is Outcome.UPDATED:
            with pytest.raises(PageOvertaken):
                writing.result(20)
        else:
            writing.result(20)
    assert store.fingerprint()[1:] == rows
    stored = store.card()
    assert stored is not None
    assert (stored.workorder, stored.digest) == (WORKORDER, fetched().digest)
    assert stored.work_started_at == NOON
