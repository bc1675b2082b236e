"""Redis goes away under a worker with a task in flight: the same process goes on."""

from concurrent.futures import ThreadPoolExecutor

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack


def test_the_worker_survives_and_consumes_again() -> None:
    # Given a worker with one task waiting for a slow Vinacles and another message fetched but delayed
    with temporary_folder() as folder, Stack(folder, workorders=0) as stack:
        worker = stack.start_worker()
        parts = stack.parts()
        dealer = stack.add_dealer(12, "Garage Testweg")
        desk = Desk(dealer, stack.backend(), stack.simulator.admin, parts.database, parts.dealers)
        only(desk.search(known.BELGIAN), outcome="created")
        arguments = {"dealer_id": 12, "search": known.WITHOUT_LABOR}
        desk.backend.send_task(
            "workorders.import", kwargs=arguments, queue="interactive", countdown=120, ignore_result=True
        )
        desk.dms.add_fault("slow", match="WorkorderLine", seconds=6)
        arguments = {"dealer_id": 12, "search": known.COMPLETE}
        flying = desk.backend.send_task("workorders.import", kwargs=arguments, queue="interactive").id
        wait_until(lambda: paths(desk).count("WorkorderContact") == 2, 10, "the task in flight")

        # When Redis restarts
        stack.redis.stop()
        stack.redis.start()

        # Then the same process answers new messages, and the task in flight ran to its end, once
        again = stack.backend()
        fresh = Desk(dealer, again, stack.simulator.admin, parts.database, parts.dealers)
        with ThreadPoolExecutor(1) as person:
            only(person.submit(fresh.search, known.SWAPPED_DATE).result(), outcome="created")
        only(again.AsyncResult(flying).get(timeout=30), outcome="created")
        assert worker.process.poll() is None
        headers = [path for path in paths(desk) if path == "Workorder"]
        assert len(headers) == 3
        parts.close()


def paths(desk: Desk) -> list[str]:
    """The entities that were asked for, oldest first."""
    return [entry.path.rsplit("/", 1)[-1] for entry in desk.dms.journal() if "/api/" in entry.path]
