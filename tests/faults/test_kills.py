"""Workers that are killed again and again while messages come in faster than one of them can answer."""

import os
import random
import time
from collections.abc import Callable
from signal import SIGKILL

import pytest

from sandbox.processes import Program
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.stream import Stream, counted
from tests.faults.test_stops import as_if_nothing_had_happened

Begin = Callable[[str, str, float], Fault]
_KILLS = 20
_PER_SECOND = 100
_NUMBERS = (known.COMPLETE, known.BELGIAN, known.SWAPPED_DATE, known.WITHOUT_LABOR, *known.AWKWARD, "WO-404")


def kill(worker: Program) -> None:
    os.killpg(worker.process.pid, SIGKILL)
    worker.process.wait()


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_twenty_kills_of_worker_bulk(house: House, fault: Begin) -> None:
    row = fault(
        f"{_KILLS} × SIGKILL of the whole worker-bulk at {_PER_SECOND} messages per second",
        "after a look no run is open; content as of a quiet import, no workorder twice",
        300,
    )
    house.end("bulk")
    dealers = [house.dealer() for _ in range(60)]
    # Messages for one run each: what is asked for does not grow with them.
    runs = [house.parts.bulk.start(dealer.dealer_id) for dealer in dealers]
    house.small_pages()
    moment = random.Random(4)

    def ask(n: int) -> str:
        run = runs[n % len(runs)]
        return house.send("workorders.refresh_dealer", "bulk", dealer_id=run.dealer_id, run_id=run.run_id).id

    row.strikes()
    with Stream(ask, _PER_SECOND) as stream:
        for _ in range(_KILLS):
            worker = house.bulk("victim")
            time.sleep(moment.uniform(0.1, 0.8))
            kill(worker)
            # A minute passes, after which leases of the dead hold nobody out.
            house.lease_runs_out()
    house.bulk()
    house.look()
    until(lambda: settled(house, stream.sent), 120, "the end of the queue")
    for dealer in dealers:
        house.ring_until_done(dealer)
    as_if_nothing_had_happened(house, dealers)
    told = counted(house, stream.sent)
    row.over(
        f"{told.sent} messages: {told.answered} answered, {told.kept} to come again from Redis, "
        f"{told.lost} lost with their workers; 60 of 60 runs done, no workorder twice"
    )
    # What a message asked for is done, whatever became of the message; a worker has two at a time.
    assert told.lost <= 2 * _KILLS


def settled(house: House, tasks: list[str]) -> bool:
    """Nothing of this is left to do for a worker that lives."""
    with house.redis(0) as queues:
        waiting = queues.llen("bulk") + queues.llen("maintenance")
    open_runs = house.rows("SELECT id FROM refresh_runs WHERE state IN ('waiting', 'running')")
    if open_runs and not waiting:
        house.run("UPDATE refresh_runs SET ring_at = now() WHERE state IN ('waiting', 'running')")
        house.look()
    return not waiting and not open_runs


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_twenty_kills_of_worker_interactive(house: House, fault: Begin) -> None:
    row = fault(
        f"{_KILLS} × SIGKILL of worker-interactive at {_PER_SECOND} messages per second",
        "each message has one answer or none, none is tried twice; no workorder twice",
        300,
    )
    house.end("interactive")
    dealer = house.dealer(concurrent_requests=200)
    moment = random.Random(5)

    def search(n: int) -> str:
        return house.search(dealer, _NUMBERS[n % len(_NUMBERS)]).id

    row.strikes()
    with Stream(search, _PER_SECOND) as stream:
        for _ in range(_KILLS):
            worker = house.interactive("victim")
            time.sleep(moment.uniform(0.1, 0.8))
            kill(worker)
    house.interactive()
    until(lambda: idle(house), 200, "the end of the queue")
    told = counted(house, stream.sent)
    twice = house.rows(
        "SELECT task_id FROM import_attempts WHERE dealer_id = :id GROUP BY 1 HAVING count(*) > 1",
        id=dealer.dealer_id,
    )
    stored = house.rows("SELECT dms_number FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id)
    assert twice == []
    assert len(stored) == len({one["dms_number"] for one in stored}) == len(_NUMBERS) - 2
    row.over(
        f"{told.sent} messages: {told.answered} answered, {told.lost + told.kept} lost with their workers "
        f"({(told.lost + told.kept) / _KILLS:.1f} per kill), none tried twice"
    )
    # A worker has 16 at a time.
    assert told.lost + told.kept <= 16 * _KILLS


def idle(house: House) -> bool:
    with house.redis(0) as queues:
        return not queues.llen("interactive")


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_twenty_kills_of_the_server_of_requests(house: House, fault: Begin) -> None:
    row = fault(
        f"{_KILLS} × SIGKILL of `twodrive requests serve` at {_PER_SECOND} rows per second",
        "every row ends with exactly one outcome, none lost",
        300,
    )
    dealer = house.dealer(concurrent_requests=200)
    moment = random.Random(6)

    def ask(n: int) -> str:
        [new] = house.rows(
            "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:dealer, 'import', :search) "
            "RETURNING id",
            dealer=dealer.dealer_id,
            search=_NUMBERS[n % len(_NUMBERS)],
        )
        return str(new["id"])

    row.strikes()
    with Stream(ask, _PER_SECOND) as stream:
        for number in range(_KILLS):
            server = house.stack.start_requests(name=f"requests-{number}")
            time.sleep(moment.uniform(0.1, 0.8))
            kill(server)
            leases_run_out(house)
    server = house.stack.start_requests(name="requests-last")
    until(
        lambda: not house.rows("SELECT FROM import_requests WHERE answered_at IS NULL"),
        200,
        "the last answer",
    )
    ends = house.rows(
        "SELECT state, count(*) AS rows FROM import_requests WHERE dealer_id = :id "
        "AND answered_at IS NOT NULL AND (state = 'answered') = (result IS NOT NULL) "
        "AND (state = 'failed') = (error_code IS NOT NULL) GROUP BY 1 ORDER BY 1",
        id=dealer.dealer_id,
    )
    server.stop()
    states = {end["state"]: end["rows"] for end in ends}
    assert states == {"answered": len(stream.sent)}
    stored = house.rows("SELECT dms_number FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id)
    assert len(stored) == len({one["dms_number"] for one in stored}) == len(_NUMBERS) - 2
    row.over(f"{len(stream.sent)} rows: " + ", ".join(f"{n} {state}" for state, n in states.items()))


def leases_run_out(house: House) -> None:
    """Their time passes while no server holds any."""
    house.run("UPDATE import_requests SET try_at = now() WHERE answered_at IS NULL")
