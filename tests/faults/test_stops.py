"""A stop that reaches every process of a worker at once, as Ctrl-C and an init that signals its group send
it, while messages go on coming in."""

import os
import time
from collections.abc import Callable, Sequence
from signal import SIGINT, SIGTERM, Signals

import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from schemas.dealer import Dealer
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.stream import Stream, counted

Begin = Callable[[str, str, float], Fault]


@pytest.mark.faults
@pytest.mark.parametrize(
    ("how", "number", "soft_stop", "seconds"),
    [
        ("SIGTERM", SIGTERM, True, 25),
        ("SIGTERM, not remapped,", SIGTERM, False, 10),
        ("SIGINT", SIGINT, True, 10),
    ],
)
def test_all_of_worker_bulk_is_told(
    house: House, fault: Begin, how: str, number: Signals, soft_stop: bool, seconds: float
) -> None:
    row = fault(
        f"{how} to the whole process group of worker-bulk, 4 messages per second",
        f"ends within {seconds:g} s; the next worker answers every message, no workorder twice",
        seconds + 90,
    )
    house.end("bulk")
    dealers = [house.dealer() for _ in range(6)]
    house.small_pages(latency_ms=60)
    worker = house.bulk("told", soft_stop=soft_stop)
    with Stream(lambda n: house.refresh_all(dealers[n % 6]).id, 4) as stream:
        until(lambda: house.run_row(dealers[0]).get("pages", 0) >= 2, 20, "work under way")
        row.strikes()
        struck = time.monotonic()
        os.killpg(worker.process.pid, number)
        worker.process.wait(seconds)
        took = time.monotonic() - struck
    code = house.end("told")
    house.dms.set(latency_ms=0)
    house.bulk()
    # Nobody looks, and no lease runs out: a message that comes again needs neither.
    until(lambda: counted(house, stream.sent).answered == len(stream.sent), 90, "every answer")
    as_if_nothing_had_happened(house, dealers)
    row.over(
        f"exit code {code} after {took:.1f} s; {len(stream.sent)} of {len(stream.sent)} messages answered"
    )


@pytest.mark.faults
def test_a_slice_that_outlasts_the_stop(house: House, fault: Begin) -> None:
    row = fault(
        "SIGTERM to worker-bulk, whose slice outlasts the soft stop of 20 s",
        "ends within 30 s; the next worker goes on with it within 5 s, while the lease has long to run",
        45,
    )
    house.end("bulk")
    long = {"TWODRIVE_SLICE_SECONDS": "60"}
    worker = house.stack.start_bulk_worker(name="deployed", soft_stop=True, env=long)
    dealer = house.dealer()
    house.small_pages(latency_ms=1000)
    sent = house.refresh_all(dealer)
    until(lambda: house.run_row(dealer).get("state") == "running", 10, "the first page under way")
    row.strikes()
    struck = time.monotonic()
    code = worker.stop(SIGTERM, seconds=45)
    took = time.monotonic() - struck
    assert took <= 30
    house.dms.set(latency_ms=0)
    [lease] = house.rows(
        "SELECT lease_until - clock_timestamp() AS left FROM refresh_runs WHERE dealer_id = :id",
        id=dealer.dealer_id,
    )
    assert lease["left"].total_seconds() > 60
    pages = house.run_row(dealer)["pages"]
    house.bulk()
    until(lambda: house.run_row(dealer)["pages"] > pages, 5, "its next page")
    assert sent.get(timeout=15)["state"] == "done"
    as_if_nothing_had_happened(house, [dealer])
    row.over(
        f"exit code {code} after {took:.1f} s; done while the lease had {lease['left'].seconds} s to run"
    )


def as_if_nothing_had_happened(house: House, dealers: Sequence[Dealer]) -> None:
    """Each dealer has what a quiet import stores, each workorder was created once, and no run is left."""
    expected = house.quiet_content()
    for dealer in dealers:
        assert house.content(dealer) == expected
    ids = [dealer.dealer_id for dealer in dealers]
    created = house.rows(
        "SELECT r.dealer_id, sum(r.created) AS created, "
        "(SELECT count(*) FROM workorders w WHERE w.dealer_id = r.dealer_id) AS stored "
        "FROM refresh_runs r WHERE r.dealer_id = ANY(:ids) GROUP BY 1",
        ids=ids,
    )
    assert len(created) == len(dealers)
    assert all(one["created"] == one["stored"] for one in created), created
    left = house.rows(
        "SELECT id FROM refresh_runs WHERE dealer_id = ANY(:ids) AND state IN ('waiting', 'running')", ids=ids
    )
    assert left == []


@pytest.mark.parametrize(
    ("number", "code"),
    [(SIGTERM, 0), pytest.param(SIGINT, 1, marks=pytest.mark.faults)],  # Celery's own code after a Ctrl-C
)
def test_all_of_worker_interactive_is_told(house: House, fault: Begin, number: Signals, code: int) -> None:
    row = fault(
        f"{number.name} to the process group of worker-interactive, 4 imports in flight, 4 waiting",
        "those in flight are answered; the next worker answers the others",
        25,
    )
    house.end("interactive")
    worker = house.stack.start_worker(name="told", threads=4)
    house.dms.add_fault("slow", match="WorkorderLine", seconds=1, times=4)
    numbers = [known.COMPLETE, known.BELGIAN, known.SWAPPED_DATE, *known.AWKWARD]
    assert len(numbers) >= 8
    # Of a dealer each: one alone would not get all threads.
    sent = [house.search(house.dealer(), wo_number) for wo_number in numbers[:8]]
    until(lambda: house.asked("WorkorderContact") >= 4, 10, "four in flight")
    row.strikes()
    os.killpg(worker.process.pid, number)
    assert worker.process.wait(20) == code
    before = counted(house, [one.id for one in sent])
    house.interactive()
    outcomes = [only(one.get(timeout=20))["outcome"] for one in sent]
    assert before.lost == 0
    assert outcomes == ["created"] * 8
    row.over(f"exit code {code} with {before.answered} answered; 8 of 8 created")
