"""`workorders.refresh_due` and `workorders.refresh_dealer`: bulk work is rows in PostgreSQL, and messages
only wake a worker."""

from collections.abc import Mapping
from typing import Any

from celery import current_task
from celery.exceptions import Ignore

from schemas.bulk import dump_bulk_result
from schemas.messages import NoArguments, RefreshDealer
from tasks.base import doorway, message
from worker.app import app
from worker.bulk_progress import as_result
from worker.errors import ErrorCode, MessageInvalid
from worker.store.runs import MAX_ATTEMPTS, Run
from worker.wiring import Parts

# A message that nobody took by then is sent again by `refresh_due`, which finds its run overdue.
_EXPIRES_SECONDS = 600


@doorway("workorders.refresh_due")
def refresh_due(arguments: Mapping[str, Any], parts: Parts, _task_id: str) -> Mapping[str, Any]:
    message(NoArguments, arguments)
    rung = parts.bulk.due()
    for started in rung:
        _ring(started.dealer_id, started.run_id)
    return {"rung": [started.run_id for started in rung]}


# A message outlives the worker that took it; of a run it stands for, the lease decides who works on it. A
# message that kills its child each time comes once more than the run is taken up, and tells its failure.
@doorway(
    "workorders.refresh_dealer",
    acks_late=True,
    retry_on_worker_lost=True,
    max_retries=MAX_ATTEMPTS,
    default_retry_delay=10,
)
def refresh_dealer(arguments: Mapping[str, Any], parts: Parts, task_id: str) -> Mapping[str, Any]:
    """One slice; what is left goes to the end of the queue, so that no dealer delays another."""
    request = message(RefreshDealer, arguments)
    run_id = request.run_id or parts.bulk.start(request.dealer_id).run_id

    def tell(run: Run) -> None:
        app.backend.store_result(task_id, dump_bulk_result(as_result(run)), "PROGRESS")

    # Celery alone sends it again, when a child died of it.
    run = parts.bulk.work(run_id, task_id, tell, deaths=current_task.request.retries)
    if run is None:
        # Another worker holds it and will answer, or it has ended.
        run = parts.bulk.state(run_id)
        if run is None or run.dealer_id != request.dealer_id:
            raise _unknown_run()
        if run.state.is_open:
            raise Ignore
    elif run.state.is_open:
        _ring(run.dealer_id, run.run_id, task_id)
        raise Ignore
    return dump_bulk_result(as_result(run))


def _ring(dealer_id: int, run_id: int, task_id: str | None = None) -> None:
    """Wake a worker for a run; with a `task_id`, in the name of the task that somebody may be watching."""
    app.send_task(
        "workorders.refresh_dealer",
        kwargs={"dealer_id": dealer_id, "run_id": run_id},
        task_id=task_id,
        queue="bulk",
        expires=_EXPIRES_SECONDS,
        ignore_result=task_id is None,
    )


def _unknown_run() -> MessageInvalid:
    return MessageInvalid(
        ErrorCode.MESSAGE_INVALID,
        "`run_id` is not a run of this dealer.",
        "Leave it out to start a run, or to join the one that is open.",
    )
