"""A machine that vanishes for a while: its worker is frozen, others do its work, and then it wakes."""

import time
from collections.abc import Callable

import pytest

from sandbox.processes import Program
from schemas.dealer import Dealer
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import run_under_way

Begin = Callable[[str, str, float], Fault]
#: The shortest that may be set.
_VISIBLE_AGAIN_SECONDS = 60


def frozen_while_it_reads(house: House, worker: Program) -> Dealer:
    """A dealer in whose run the worker was frozen while it waits for Vinacles: it holds no lock."""
    dealer = run_under_way(house)
    house.dms.set(latency_ms=2000)
    # Whatever it was doing, now it waits for one of these slow answers.
    time.sleep(0.7)
    worker.freeze()
    house.dms.set(latency_ms=0)
    return dealer


@pytest.mark.faults
def test_a_page_that_is_late(house: House, fault: Begin) -> None:
    row = fault(
        "worker-bulk frozen while it reads a page, until another one has done the run",
        "its late page loses",
        60,
    )
    worker = house.bulk()
    dealer = frozen_while_it_reads(house, worker)
    row.strikes()
    house.lease_runs_out()
    house.bulk("other")
    done = house.ring_until_done(dealer)
    before = house.content(dealer)
    worker.thaw()
    until(lambda: "bulk_lease_lost" in worker.log.read_text("utf-8"), 20, "the late write")
    assert house.content(dealer) == before == house.quiet_content()
    assert house.run_row(dealer)["pages"] == done["pages"]
    row.over(f"bulk_lease_lost; {done['pages']} pages, all by the other worker or before")
    house.end("other")


@pytest.mark.faults
def test_the_queue_gives_its_message_to_another(house: House, fault: Begin) -> None:
    row = fault(
        f"worker-bulk frozen beyond the visibility timeout ({_VISIBLE_AGAIN_SECONDS} s), nobody rings",
        "another worker gets its message, goes on at once and is done; the late one changes nothing",
        _VISIBLE_AGAIN_SECONDS + 40,
    )
    house.end("bulk")
    env = {"TWODRIVE_VISIBILITY_TIMEOUT_SECONDS": str(_VISIBLE_AGAIN_SECONDS)}
    worker = house.bulk("vanishing", env=env)
    dealer = frozen_while_it_reads(house, worker)
    row.strikes()
    house.bulk("other", env=env)
    until(lambda: house.run_row(dealer)["state"] == "done", _VISIBLE_AGAIN_SECONDS + 40, "the end of the run")
    before = house.content(dealer)
    row.over(f"done by the other worker, {house.run_row(dealer)['turns']} turns")
    worker.thaw()
    house.look()
    assert house.end("vanishing") == 0
    assert house.content(dealer) == before == house.quiet_content()
    house.end("other")
