"""PostgreSQL restarts, is away or frozen, cuts its connections, or refuses a transaction."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from signal import SIGQUIT

import pytest
from sqlalchemy import text

from sandbox.demo.scenes import only
from sandbox.simulator import known
from schemas.dealer import Dealer
from schemas.workorder import workorder_id
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import run_under_way

Begin = Callable[[str, str, float], Fault]


def test_a_restart_in_the_middle_of_an_import(house: House, fault: Begin) -> None:
    row = fault("PostgreSQL restarted while an import writes", "the import is answered within its 20 s", 25)
    house.interactive()
    dealer = house.dealer()
    with house.dealer_held(dealer):
        sent = house.search(dealer, known.COMPLETE)
        until(lambda: house.waiting_for_a_lock() == 1, 10, "a transaction that waits")
        row.strikes()
        house.stack.postgres.stop(SIGQUIT)
    house.stack.postgres.start()
    only(sent.get(timeout=30), outcome="created")
    row.over("created, by the same task")
    assert len(house.rows("SELECT FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id)) == 1


@pytest.mark.faults
def test_a_restart_in_the_middle_of_a_page(house: House, fault: Begin) -> None:
    row = fault(
        "PostgreSQL restarted while a page is written",
        "nothing half-written; the run goes on, at the latest when its lease has run out",
        60,
    )
    house.bulk()
    dealer = house.dealer()
    house.small_pages()
    with house.dealer_held(dealer):
        house.refresh_all(dealer)
        until(lambda: house.waiting_for_a_lock() == 1, 10, "a transaction that waits")
        row.strikes()
        house.stack.postgres.stop(SIGQUIT)
    house.stack.postgres.start()
    house.lease_runs_out()
    done = house.ring_until_done(dealer)
    assert house.content(dealer) == house.quiet_content()
    row.over(f"{done['pages']} pages, {done['created']} created")


def test_all_connections_cut(house: House, fault: Begin) -> None:
    row = fault("pg_terminate_backend of all the workers' connections", "the transaction is done again", 25)
    house.interactive()
    dealer = house.dealer()
    with house.dealer_held(dealer):
        sent = house.search(dealer, known.COMPLETE)
        until(lambda: house.waiting_for_a_lock() == 1, 10, "a transaction that waits")
        row.strikes()
        cut = house.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twodrive'"
        )
    only(sent.get(timeout=30), outcome="created")
    row.over(f"{len(cut)} connections cut; created")


@pytest.mark.faults
def test_away_for_longer_than_anybody_waits(house: House, fault: Begin) -> None:
    row = fault("PostgreSQL away for 30 s", "people get storage_unavailable; the run goes on afterwards", 100)
    house.interactive()
    house.bulk()
    dealer = run_under_way(house, latency_ms=50)
    row.strikes()
    house.stack.postgres.stop()
    asked = time.monotonic()
    with pytest.raises(Exception, match="storage_unavailable"):
        house.search(dealer, known.COMPLETE).get(timeout=36)
    waited = time.monotonic() - asked
    assert waited < 23
    time.sleep(max(0.0, 30 - waited))
    house.stack.postgres.start()
    house.dms.set(latency_ms=0)
    house.lease_runs_out()
    house.ring_until_done(dealer)
    assert house.content(dealer) == house.quiet_content()
    row.over(f"storage_unavailable after {waited:.0f} s; content as of a quiet import")


@pytest.mark.faults
def test_a_frozen_server_keeps_nobody(house: House, fault: Begin) -> None:
    row = fault(
        "PostgreSQL frozen (SIGSTOP) in the middle of an import", "answered at the deadline of 20 s", 25
    )
    worker, dealer = house.interactive(), house.dealer()
    with house.dealer_held(dealer):
        sent = house.search(dealer, known.COMPLETE)
        until(lambda: house.waiting_for_a_lock() == 1, 10, "a transaction that waits")
        row.strikes()
        house.stack.postgres.freeze()
        with pytest.raises(Exception, match="storage_unavailable"):
            sent.get(timeout=40)
        row.over("storage_unavailable; the thread is free again")
        house.stack.postgres.thaw()
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    assert worker.process.poll() is None


def test_a_deadlock(house: House, fault: Begin) -> None:
    row = fault("a deadlock with somebody else's transaction", "the page is written again", 30)
    house.bulk()
    dealer = house.dealer()
    run_to_end(house, dealer)
    house.dms.patch_rows("Workorder", {}, {"Mileage": 123_456})
    # Pages lock by id; whoever locks the other way round meets them in the middle.
    first, *_, last = sorted(
        str(workorder_id(dealer.dealer_id, number["dms_number"]))
        for number in house.rows(
            "SELECT dms_number FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id
        )
    )
    lock = text("SELECT FROM workorders WHERE id = CAST(:id AS uuid) FOR UPDATE")
    before = deadlocks(house)
    with house.database.transaction() as connection:
        # The server breaks a deadlock by ending who notices it first; this one waits longer than the worker.
        connection.execute(text("SET LOCAL deadlock_timeout = '20s'"))
        connection.execute(lock, {"id": last})
        row.strikes()
        house.refresh_all(dealer)
        until(lambda: house.waiting_for_a_lock() == 1, 10, "a page that waits")
        connection.execute(lock, {"id": first})
    done = house.until_done(dealer)
    until(lambda: deadlocks(house) > before, 10, "PostgreSQL's count of deadlocks")
    assert done["updated"] == len(
        house.rows("SELECT FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id)
    )
    assert house.content(dealer) == house.quiet_content()
    row.over(f"deadlock_detected (40P01), once; {done['updated']} updated, run done")


def deadlocks(house: House) -> int:
    return int(
        house.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][
            "deadlocks"
        ]
    )


@pytest.mark.parametrize(
    ("what", "code"),
    [("a serialization failure", "40001"), ("a full disk", "53100"), ("no memory left", "53200")],
)
def test_a_refused_transaction(house: House, fault: Begin, what: str, code: str) -> None:
    row = fault(f"{what} ({code}, raised by a trigger, twice)", "the import is done again and answered", 25)
    house.interactive()
    dealer = house.dealer()
    house.run("CREATE SEQUENCE tries")
    house.run(f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END IF;
        RETURN NEW; END $$""")
    house.run("CREATE TRIGGER refuse BEFORE INSERT ON workorders FOR EACH ROW EXECUTE FUNCTION refuse()")
    try:
        row.strikes()
        only(house.desk(dealer).search(known.COMPLETE), outcome="created")
        [tries] = house.rows("SELECT last_value FROM tries")
        assert tries["last_value"] == 3
        row.over("refused twice, then created")
    finally:
        house.run("DROP TRIGGER refuse ON workorders")
        house.run("DROP FUNCTION refuse")
        house.run("DROP SEQUENCE tries")


@pytest.mark.faults
def test_many_at_once_while_connections_are_cut(house: House, fault: Begin) -> None:
    row = fault("connections cut again and again under 60 imports", "every one has one answer", 60)
    house.interactive()
    dealer = house.dealer()
    numbers = [known.COMPLETE, known.BELGIAN, known.SWAPPED_DATE, *known.AWKWARD]
    row.strikes()
    with ThreadPoolExecutor(1) as cutter:
        sent = [house.search(dealer, numbers[n % len(numbers)], fresh=True) for n in range(60)]
        cuts = cutter.submit(cut_often, house, 8)
        outcomes = [only(one.get(timeout=40))["outcome"] for one in sent]
        cut = cuts.result()
    assert outcomes.count("created") == len(numbers)
    assert set(outcomes) <= {"created", "unchanged", "updated"}
    row.over(f"{cut} connections cut; {len(numbers)} created, the rest unchanged")


def cut_often(house: House, times: int) -> int:
    cut = 0
    for _ in range(times):
        cut += len(
            house.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twodrive'"
            )
        )
        time.sleep(0.15)
    return cut


def run_to_end(house: House, dealer: Dealer) -> None:
    house.refresh_all(dealer).get(timeout=60)
