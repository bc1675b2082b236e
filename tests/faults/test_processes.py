"""Processes that die, freeze or are told to stop, in each stage of their work."""

import os
import time
from collections.abc import Callable
from signal import SIGKILL, SIGTERM

import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from schemas.dealer import Dealer
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import run_under_way

Begin = Callable[[str, str, float], Fault]
_RESUMED = "the run goes on at its page; content as of a quiet import"


@pytest.mark.faults
def test_a_child_killed_while_it_fetches(house: House, fault: Begin) -> None:
    row = fault("SIGKILL of a pool child while it reads from Vinacles, its lease run out", _RESUMED, 60)
    worker, dealer = house.bulk(), house.dealer()
    house.small_pages()
    house.dms.add_fault("slow", match="WorkorderLine", seconds=5, after=1)
    house.refresh_all(dealer)
    until(
        lambda: house.run_row(dealer).get("pages", 0) >= 1 and house.asked("WorkorderLine") >= 2,
        20,
        "a fetch",
    )
    row.strikes()
    house.kill_children(worker)
    finished(house, dealer, row, "killed during the second page")


@pytest.mark.faults
def test_a_child_killed_and_nobody_looks(house: House, fault: Begin) -> None:
    row = fault(
        "SIGKILL of a pool child during a run, nobody rings and no lease is cut short",
        "its message comes again by itself, once, and the run goes on at its page",
        20,
    )
    worker, dealer = house.bulk(), house.dealer()
    house.small_pages()
    house.dms.add_fault("slow", match="WorkorderLine", seconds=5, after=1)
    sent = house.refresh_all(dealer)
    until(lambda: house.asked("WorkorderLine") >= 2, 20, "a fetch")
    row.strikes()
    house.kill_children(worker)
    done = house.until_done(dealer, 20)
    row.over(f"{done['attempts']} attempts lost, {done['pages']} pages, {done['created']} created")
    assert sent.get(timeout=5)["state"] == "done"
    assert done["attempts"] <= 1
    assert house.content(dealer) == house.quiet_content()
    assert worker.process.poll() is None


def test_a_child_killed_inside_its_transaction(house: House, fault: Begin) -> None:
    row = fault("SIGKILL of a pool child inside its transaction, its lease run out", _RESUMED, 60)
    worker, dealer = house.bulk(), house.dealer()
    house.small_pages()
    with house.dealer_held(dealer):
        house.refresh_all(dealer)
        until(lambda: house.waiting_for_a_lock() == 1, 20, "a transaction that waits")
        row.strikes()
        house.kill_children(worker)
        until(
            lambda: house.run_row(dealer)["pages"] == 0 and house.content(dealer) == [], 5, "nothing stored"
        )
    finished(house, dealer, row, "nothing of the page was stored")


def test_a_child_killed_after_its_commit(house: House, fault: Begin) -> None:
    row = fault("SIGKILL of a pool child between commit and acknowledgement, its lease run out", _RESUMED, 60)
    worker, dealer = house.bulk(), house.dealer()
    # All in one page: what is committed is all there is to do.
    with house.dealer_held(dealer):
        house.refresh_all(dealer)
        until(lambda: house.waiting_for_a_lock() == 1, 20, "a transaction that waits")
        house.stack.redis.program.freeze()
    # It commits, and then waits for Redis to take its progress.
    until(lambda: house.run_row(dealer)["pages"] == 1, 10, "the commit")
    row.strikes()
    house.kill_children(worker)
    house.stack.redis.program.thaw()
    finished(house, dealer, row, "the committed page was kept")


def finished(house: House, dealer: Dealer, row: Fault, seen: str) -> None:
    """The run's lease runs out, the next look rings for it, and another child goes on with it."""
    house.lease_runs_out()
    house.bulk()
    house.look()
    done = house.until_done(dealer)
    assert house.content(dealer) == house.quiet_content()
    row.over(f"{seen}; {done['pages']} pages, {done['created']} created")


def test_a_run_that_ended_and_nobody_was_told(house: House, fault: Begin) -> None:
    row = fault("whoever ended a run died before it told its watchers", "after a look they are told", 30)
    house.bulk()
    dealer = house.dealer()
    run = house.parts.bulk.start(dealer.dealer_id, "who-waits")
    row.strikes()
    house.run(
        "UPDATE refresh_runs SET state = 'done', ring_at = now(), finished_at = now() - interval '2 minutes' "
        "WHERE id = :id",
        id=run.run_id,
    )
    assert run.run_id in house.look()
    told = house.backend.AsyncResult("who-waits").get(timeout=20)
    assert (told["run_id"], told["state"]) == (run.run_id, "done")
    until(lambda: list(house.run_row(dealer)["watchers"]) == [], 10, "nobody waits any more")
    row.over("told, and waits no more")


@pytest.mark.faults
def test_a_whole_worker_killed_and_time_passes_by_itself(house: House, fault: Begin) -> None:
    row = fault(
        "SIGKILL of the whole bulk worker with 4 runs in flight, a standby takes over",
        "all done within the lease of 60 s and a look",
        75,
    )
    worker = house.bulk()
    dealers = [run_under_way(house, latency_ms=100)]
    for _ in range(3):
        dealers.append(house.dealer())
        house.parts.bulk.start(dealers[-1].dealer_id)
        house.refresh_all(dealers[-1])
    row.strikes()
    os.killpg(worker.process.pid, SIGKILL)
    house.end("bulk")
    house.bulk("standby")
    rung: set[int] = set()

    def done() -> bool:
        rung.update(house.look())
        return all(house.run_row(dealer)["state"] == "done" for dealer in dealers)

    until(done, 75, "the end of all runs")
    row.over(f"{len(dealers)} of {len(dealers)} runs done, {len(rung)} rung for")
    expected = house.quiet_content()
    assert all(house.content(dealer) == expected for dealer in dealers)
    house.end("standby")


@pytest.mark.faults
def test_a_stop_during_two_hundred_tasks(house: House, fault: Begin) -> None:
    row = fault(
        "SIGTERM to worker-bulk during 200 tasks", "running and waiting ones are done by the next worker", 150
    )
    house.end("bulk")
    worker = house.bulk("deployed", soft_stop=True)
    dealers = [house.dealer() for _ in range(200)]
    house.dms.set(latency_ms=20)
    sent = [house.refresh_all(dealer) for dealer in dealers]
    until(lambda: done_runs(house) >= 20, 60, "20 of them done")
    row.strikes()
    code = house.end("deployed", SIGTERM)
    before = done_runs(house)
    house.bulk()
    for answer in sent:
        assert answer.get(timeout=140)["state"] == "done"
    expected = house.quiet_content()
    assert all(house.content(dealer) == expected for dealer in dealers)
    runs = house.rows(
        "SELECT count(*) AS runs FROM refresh_runs WHERE dealer_id = ANY(:ids)",
        ids=[dealer.dealer_id for dealer in dealers],
    )
    row.over(f"exit code {code} with {before} done; 200 of 200 done, {runs[0]['runs']} runs, none twice")
    assert runs[0]["runs"] == 200
    assert worker.process.returncode == 0


def done_runs(house: House) -> int:
    return int(
        house.rows(
            "SELECT count(*) AS done FROM refresh_runs WHERE state = 'done' "
            "AND started_at > now() - interval '3 minutes'"
        )[0]["done"]
    )


@pytest.mark.faults
def test_a_stop_just_as_a_task_ends(house: House, fault: Begin) -> None:
    row = fault(
        "SIGTERM to worker-bulk just as tasks end, 3 times", "ends within its grace period of 40 s", 150
    )
    house.end("bulk")
    slowest, codes = 0.0, []
    row.strikes()
    for number in range(3):
        worker = house.bulk("stopping", soft_stop=True)
        sent = [house.refresh_all(house.dealer()) for _ in range(8)]
        sent[number % 3].get(timeout=60)
        before = time.monotonic()
        codes.append(house.end("stopping", SIGTERM))
        slowest = max(slowest, time.monotonic() - before)
        assert worker.process.poll() is not None
    assert slowest < 40
    row.over(f"slowest {slowest:.1f} s, exit codes {sorted(set(map(str, codes)))}")


@pytest.mark.faults
def test_a_worker_frozen_beyond_its_lease(house: House, fault: Begin) -> None:
    row = fault("worker-bulk frozen beyond its lease, then woken", "its late page is rolled back", 60)
    worker, dealer = house.bulk(), house.dealer()
    house.small_pages()
    with house.dealer_held(dealer):
        house.refresh_all(dealer)
        until(lambda: house.waiting_for_a_lock() == 1, 20, "a transaction that waits")
        row.strikes()
        worker.freeze()
        # Its locks live as long as its connections; those of a machine that vanished end by keepalives.
        house.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twodrive'"
        )
    house.lease_runs_out()
    house.bulk("other")
    done = house.ring_until_done(dealer)
    before = house.content(dealer)
    worker.thaw()
    house.end("other")
    # Answered by the woken worker, whose other child has then given up its page.
    house.look()
    house.end("bulk")
    assert house.content(dealer) == before == house.quiet_content()
    assert house.run_row(dealer)["pages"] == done["pages"]
    row.over(f"{done['pages']} pages by the other worker; nothing changed after the wake")


@pytest.mark.faults
def test_a_remote_shutdown_is_answered_by_the_supervisor(house: House, fault: Begin) -> None:
    row = fault(
        "`shutdown` by remote control", "orderly end (exit 0); the supervisor's next worker goes on", 30
    )
    worker, dealer = house.interactive(), house.dealer()
    row.strikes()
    house.backend.control.shutdown()
    until(lambda: worker.process.poll() is not None, 20, "its end")
    assert worker.process.returncode == 0
    sent = house.search(dealer, known.COMPLETE)
    house.interactive()
    only(sent.get(timeout=20), outcome="created")
    row.over("exit 0; the waiting request was answered")
