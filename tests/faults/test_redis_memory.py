"""Redis loses what it has in memory, or has no room left in it."""

import time
from collections.abc import Callable
from signal import SIGKILL

import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import elapse, finished, run_under_way, same

Begin = Callable[[str, str, float], Fault]


@pytest.mark.faults
def test_flushed_in_mid_run(house: House, fault: Begin) -> None:
    row = fault(
        "FLUSHALL of Redis, a run under way and three begun ones waiting; nothing but beat's looks",
        "a delay and nothing else: all done when a minute's patience is over, a search meanwhile is answered",
        75,
    )
    workers = [house.interactive(), house.bulk()]
    dealers = [run_under_way(house)]
    for _ in range(3):
        dealers.append(house.dealer())
        house.parts.bulk.start(dealers[-1].dealer_id)
    row.strikes()
    with house.redis(0) as server:
        server.flushall()
    only(house.desk(dealers[-1]).search(known.COMPLETE), outcome="created")
    house.dms.set(latency_ms=0)

    def done() -> bool:
        house.look()
        return all(house.run_row(dealer)["state"] == "done" for dealer in dealers)

    until(done, 75, "the end of all runs")
    row.over("4 of 4 runs done, the search created; content as of a quiet import")
    expected = house.quiet_content()
    assert all(house.content(dealer) == expected for dealer in dealers)
    assert same(workers)


@pytest.mark.faults
def test_a_restart_without_its_memory(house: House, fault: Begin) -> None:
    row = fault("Redis comes back empty (no AOF) during a run", "a look rings again from PostgreSQL", 60)
    workers = [house.bulk()]
    dealer = run_under_way(house)
    row.strikes()
    house.stack.redis.stop(SIGKILL)
    for file in house.stack.redis.folder.rglob("appendonly*"):
        if file.is_file():
            file.unlink()
    house.stack.redis.start()
    until(lambda: house.stack.health("bulk").ready, 40, "ready")
    finished(house, dealer)
    row.over("tokens bought again, the run rung again; content as of a quiet import")
    assert same(workers)


@pytest.mark.faults
def test_a_full_memory(house: House, fault: Begin) -> None:
    row = fault(
        "Redis' memory is full (noeviction) for 5 s, an import and a run under way",
        "sending fails within 0.1 s; what is under way is done; the workers live and go on",
        30,
    )
    workers = [house.interactive(), house.bulk()]
    asking = house.dealer()
    only(house.desk(asking).search(known.BELGIAN), outcome="created")
    dealer = run_under_way(house, latency_ms=150)
    house.dms.add_fault("slow", match="WorkorderLine", seconds=2)
    before = house.asked("WorkorderContact")
    sent = house.search(asking, known.COMPLETE)
    until(lambda: house.asked("WorkorderContact") > before, 10, "an import under way")
    slowest = 0.0
    with house.redis(0) as server:
        row.strikes()
        server.config_set("maxmemory", 1)
        full_until = time.monotonic() + 5
        while time.monotonic() < full_until:
            began = time.monotonic()
            with pytest.raises(Exception, match=r"OOM|maxmemory"):
                house.search(asking, known.COMPLETE)
            slowest = max(slowest, time.monotonic() - began)
            elapse(0.25)
        server.config_set("maxmemory", 0)
    assert house.content(asking, [known.COMPLETE_ID])
    only(sent.get(timeout=10), outcome="created")
    finished(house, dealer)
    row.over(f"OperationalError (OOM), slowest after {slowest:.2f} s; the import created, the run done")
    assert slowest <= 0.1
    assert same(workers)
