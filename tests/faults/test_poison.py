"""A search that kills the worker that takes it, pressed again and again."""

import time
from collections.abc import Callable

import pytest
import redis

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import CELERY, Stack
from tests.documents import ROOT
from tests.faults.report import Fault
from worker.begun import MOST_LOSSES

_POISON = "WO-666"


def ends(worker: Program) -> None:
    wait_until(lambda: worker.process.poll() is not None, 10, "the worker's end")


def leases_are_over(stack: Stack) -> bool:
    with redis.Redis.from_url(stack.redis.url_of(2)) as state:
        now = time.time() * 1000
        return not any(state.zcount(mark, now, "+inf") for mark in state.scan_iter("*:begun"))


@pytest.mark.faults
@pytest.mark.parametrize("fresh", [False, True], ids=["shared", "fresh"])
def test_it_is_refused_after_three_times(fault: Callable[[str, str, float], Fault], fresh: bool) -> None:
    row = fault(
        f"a search{' with `fresh`' if fresh else ''} that kills worker-interactive, pressed again and again",
        "three times, then worker_lost at once; other searches, also those beside it, are answered",
        60,
    )
    with temporary_folder() as folder, Stack(folder, workorders=5) as stack:
        deaths = folder / "deaths"
        deaths.touch()
        poison = {"PYTHONPATH": str(ROOT), "POISONED_SEARCH": _POISON, "POISONED_DEATHS": str(deaths)}
        options = ("-P", "threads", "-c", "4", "-Q", "interactive", "-I", "tests.acceptance.poison")

        def supervised() -> Program:
            command = [*CELERY, "worker", *options, "--without-gossip", "--without-mingle"]
            worker = stack.start(f"poisoned-{time.monotonic_ns()}", command, poison)
            worker.wait_ready(lambda: " ready." in worker.log.read_text())
            return worker

        dealer, parts, backend = stack.add_dealer(12, "Garage Testweg"), stack.parts(), stack.backend()
        desk = Desk(dealer, backend, stack.simulator.admin, parts.database, parts.dealers)

        def press(search: str, *, fresh: bool = fresh) -> object:
            arguments = {"dealer_id": 12, "search": search, "fresh": fresh}
            return backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=15)

        # Given somebody who presses again whenever the worker has died, and one who waits beside it
        worker = supervised()
        row.strikes()
        for _ in range(MOST_LOSSES):
            desk.dms.add_fault("slow", match="Workorder", seconds=2)
            press(known.COMPLETE, fresh=True)  # not the answer of the search just before
            wait_until(lambda: desk.dms.request_counts().get("Workorder", 0) > 0, 10, "the one beside it")
            press(_POISON)
            ends(worker)
            desk.dms.clear_faults()
            desk.dms.clear_journal()
            worker = supervised()
            # Until then nobody knows that its process has ended.
            wait_until(lambda: leases_are_over(stack), 10, "the end of its lease")
            # The one beside it asks again, too, and is answered.
            assert only(desk.search(known.COMPLETE))["outcome"] in ("created", "unchanged")
        # When it is pressed once more, then it is refused, with a reason and by a worker that lives
        with pytest.raises(Exception, match="worker_lost") as refused:
            press(_POISON).get(timeout=15)  # type: ignore[attr-defined]  # of Celery
        assert "5 minutes" in str(refused.value)
        only(desk.search(known.COMPLETE_PLATE), outcome="unchanged")
        assert worker.process.poll() is None
        row.over(
            f"{len(deaths.read_text().splitlines())} workers died, then worker_lost; the others answered"
        )
        assert len(deaths.read_text().splitlines()) == MOST_LOSSES
        backend.close()
        parts.close()
