"""Connections that fall silent without being closed: a firewall that forgot them, a machine that vanished."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import run_under_way
from tests.faults.wire import Wire

Begin = Callable[[str, str, float], Fault]


def through(house: House, wire: Wire, behind: int) -> Mapping[str, str]:
    """The workers' settings, with the wire in place of the port `behind`."""
    return {
        name: value.replace(f"127.0.0.1:{behind}", f"127.0.0.1:{wire.port}")
        for name, value in house.stack.env.items()
        if name.startswith("TWODRIVE_") and name.endswith("_URL")
    }


@contextmanager
def wired(house: House, behind: int, *, bulk: bool = False) -> Iterator[tuple[Wire, Program]]:
    """A worker that reaches the server on this port by a wire, and no other worker of its kind."""
    house.end("bulk" if bulk else "interactive")
    start = house.stack.start_bulk_worker if bulk else house.stack.start_worker
    with Wire(behind) as wire:
        worker = start(name="wired", env=through(house, wire, behind))
        try:
            yield wire, worker
        finally:
            worker.stop()


@pytest.mark.faults
def test_connections_to_redis_fall_silent(house: House, fault: Begin) -> None:
    row = fault("all TCP connections to Redis frozen, new ones work", "the same worker consumes again", 20)
    dealer = house.dealer()
    with wired(house, house.stack.redis.port) as (wire, worker):
        only(house.desk(dealer).search(known.COMPLETE), outcome="created")
        row.strikes()
        ends = wire.freeze()
        wire.thaw()
        sent = []

        def again() -> bool:
            # One a second, as people would; the answer is read beside the wire.
            sent.append(house.search(dealer, known.COMPLETE))
            last = time.monotonic() + 1
            wait_until(lambda: any(one.ready() for one in sent) or time.monotonic() > last, 5, "a second")
            return any(one.ready() for one in sent)

        wait_until(again, 60, "an answer")
        row.over(f"{ends // 2} connections dead")
        first = row.seconds
        until(lambda: sum(one.ready() for one in sent) >= len(sent) - 2, 20, "the other answers")
        lost = sum(not one.ready() for one in sent)
        row.seen += f"; consuming again after {first:.1f} s; {lost} of {len(sent)} messages meanwhile lost"
        assert worker.process.poll() is None


@pytest.mark.faults
def test_connections_to_redis_fall_silent_during_a_run(house: House, fault: Begin) -> None:
    row = fault(
        "all TCP connections of worker-bulk to Redis frozen during a run, new ones work",
        "the same worker goes on with what is rung for again; content as of a quiet import",
        90,
    )
    with wired(house, house.stack.redis.port, bulk=True) as (wire, worker):
        dealer = run_under_way(house)
        row.strikes()
        ends = wire.freeze()
        wire.thaw()
        house.dms.set(latency_ms=0)
        house.lease_runs_out()
        done = house.ring_until_done(dealer, 80)
        assert worker.process.poll() is None
        assert house.content(dealer) == house.quiet_content()
        row.over(f"{ends // 2} connections dead; {done['pages']} pages, {done['created']} created")


@pytest.mark.faults
def test_connections_to_postgres_fall_silent(house: House, fault: Begin) -> None:
    row = fault(
        "all TCP connections to PostgreSQL frozen in the middle of an import, new ones work",
        "answered at the deadline of 20 s, the next one at once",
        30,
    )
    dealer = house.dealer()
    with wired(house, house.stack.postgres.port) as (wire, worker):
        desk = house.desk(dealer)
        only(desk.search(known.BELGIAN), outcome="created")
        house.dms.add_fault("slow", match="WorkorderLine", seconds=1)
        sent = house.search(dealer, known.COMPLETE)
        until(lambda: house.asked("WorkorderContact") >= 2, 10, "an import under way")
        row.strikes()
        ends = wire.freeze()
        wire.thaw()
        answer = sent.get(timeout=30, propagate=False)
        first = time.monotonic()
        only(desk.search(known.SWAPPED_DATE), outcome="created")
        row.over(
            f"{ends // 2} connections dead; {told(answer)}, the next after {time.monotonic() - first:.1f} s"
        )
        assert told(answer) in ("created", "storage_unavailable")
        assert worker.process.poll() is None


@pytest.mark.faults
def test_connections_to_vinacles_fall_silent(house: House, fault: Begin) -> None:
    row = fault(
        "all TCP connections to Vinacles frozen, new ones work",
        "noticed at the read time-out of 10 s, tried again, created",
        22,
    )
    house.interactive()
    behind = int(house.stack.simulator.base_url.rsplit(":", 1)[1].split("/")[0])
    with Wire(behind) as wire:
        dealer = house.dealer()
        house.run(
            "UPDATE dealers SET base_url = replace(base_url, :old, :new) WHERE dealer_id = :id",
            old=f":{behind}",
            new=f":{wire.port}",
            id=dealer.dealer_id,
        )
        only(house.desk(dealer).search(known.BELGIAN), outcome="created")
        row.strikes()
        ends = wire.freeze()
        wire.thaw()
        assert ends > 0
        only(house.desk(dealer).search(known.COMPLETE), outcome="created")
        row.over(f"{ends // 2} connections dead; created by the same task")
        # And where new ones are silent as well, a person is told in time.
        wire.freeze()
        answer = house.search(dealer, known.SWAPPED_DATE).get(timeout=30, propagate=False)
        assert told(answer) == "vinacles_unavailable"


def told(answer: object) -> str:
    """The outcome, or the code of the error."""
    if isinstance(answer, dict):
        return str(only(answer)["outcome"])
    assert isinstance(answer, Exception)
    return str(answer.args[0])
