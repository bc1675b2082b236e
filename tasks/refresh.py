"""`workorders.refresh_due` and `workorders.refresh_dealer`: bulk work is rows in PostgreSQL, and messages
only wake a worker.

Who asks for a refresh becomes a watcher of the run, and is answered under the id of the own task by whichever
worker brings the run to its end. The messages by which workers wake each other name a turn of the run: there
is one turn at a time, so a dealer has one place in the queue, however many ask and however often it is rung.
"""

from collections.abc import Mapping
from typing import Any

from celery import current_task
from celery.exceptions import Ignore

from schemas.bulk import dump_bulk_result
from schemas.messages import NoArguments, RefreshDealer
from tasks.base import TaskFailed, doorway, message
from worker.app import app
from worker.bulk_progress import as_result
from worker.errors import ErrorCode, MessageInvalid, TwoDriveError
from worker.names import TaskName
from worker.store.runs import MAX_ATTEMPTS, Run, StartedRun
from worker.wiring import Parts

# A message that nobody took by then is sent again by `refresh_due`, which finds its run overdue.
_EXPIRES_SECONDS = 600


@doorway(TaskName.REFRESH_DUE)
def refresh_due(arguments: Mapping[str, Any], parts: Parts, _task_id: str) -> Mapping[str, Any]:
    message(NoArguments, arguments)
    rung = parts.bulk.due()
    for started in rung:
        _ring(started.dealer_id, started.run_id, started.turn)
    parts.drop_unread()
    return {"rung": [started.run_id for started in rung]}


# A message outlives the worker that took it; of a run it stands for, the lease decides who works on it. A
# message that kills its child each time comes once more than the run is taken up, and tells its failure.
@doorway(
    TaskName.REFRESH_DEALER,
    acks_late=True,
    retry_on_worker_lost=True,
    max_retries=MAX_ATTEMPTS,
    default_retry_delay=10,
)
def refresh_dealer(arguments: Mapping[str, Any], parts: Parts, task_id: str) -> Mapping[str, Any]:
    """One slice; what is left goes to the end of the queue, so that no dealer delays another."""
    request = message(RefreshDealer, arguments)
    again = _handed_out_before(current_task.request)
    if request.turn is None:
        started = _watched(parts, request, task_id)
        if not started.unattended and not again:
            # Whoever works on it, or is woken for it, will answer.
            raise Ignore
        return _worked(parts, started.run_id, task_id, None, again)
    run_id = _of_dealer(parts, request.run_id, request.dealer_id)
    return _worked(parts, run_id, task_id, request.turn, again)


def _handed_out_before(request: Any) -> bool:
    """Sent again by Celery, when a child died of it, or by the queue, when a worker ended or was cut off."""
    return request.retries > 0 or bool((request.delivery_info or {}).get("redelivered"))


def _watched(parts: Parts, request: RefreshDealer, task_id: str) -> StartedRun:
    """The run that the sender watches from now on."""
    if request.run_id is None:
        return parts.bulk.start(request.dealer_id, task_id)
    joined = parts.bulk.join(request.run_id, request.dealer_id, task_id)
    # One that has ended is taken up once more, to find that it has.
    return joined or StartedRun(_of_dealer(parts, request.run_id, request.dealer_id), request.dealer_id)


def _worked(parts: Parts, run_id: int, task_id: str, turn: int | None, again: bool) -> Mapping[str, Any]:
    """The run's end as the answer of this task and of all who watch. Ignored while it is open."""
    try:
        run = parts.bulk.work(run_id, task_id, _tell, turn, again)
    except TwoDriveError as error:
        failure = TaskFailed(error.code.value, error.text, error.next_step)
        _answer_watchers(parts, run_id, task_id, failure, "FAILURE")
        raise
    if run is None:
        # Another worker holds it, or had this turn, and will answer; or it has ended.
        run = parts.bulk.state(run_id)
        if run is None or run.state.is_open:
            raise Ignore
    elif run.state.is_open:
        _ring(run.dealer_id, run.run_id, run.turns)
        raise Ignore
    answer = dump_bulk_result(as_result(run))
    _answer_watchers(parts, run_id, task_id, answer, "SUCCESS")
    return answer


def _tell(run: Run) -> None:
    progress = dump_bulk_result(as_result(run))
    for watcher in run.watchers:
        app.backend.store_result(watcher, progress, "PROGRESS")


def _answer_watchers(parts: Parts, run_id: int, task_id: str, answer: object, state: str) -> None:
    run = parts.bulk.state(run_id)
    watchers = () if run is None else run.watchers
    for watcher in watchers:
        # Celery answers this task itself.
        if watcher != task_id:
            app.backend.store_result(watcher, answer, state)
    # Told first: whoever is told again is told the same, and whom nobody told, `refresh_due` finds.
    parts.bulk.dismiss(run_id, watchers)


def _of_dealer(parts: Parts, run_id: int | None, dealer_id: int) -> int:
    run = None if run_id is None else parts.bulk.state(run_id)
    if run is None or run.dealer_id != dealer_id:
        raise _unknown_run()
    return run.run_id


def _ring(dealer_id: int, run_id: int, turn: int) -> None:
    """Wake a worker for a turn of a run."""
    app.send_task(
        TaskName.REFRESH_DEALER.value,
        kwargs={"dealer_id": dealer_id, "run_id": run_id, "turn": turn},
        queue=TaskName.REFRESH_DEALER.queue.value,
        expires=_EXPIRES_SECONDS,
        ignore_result=True,
    )


def _unknown_run() -> MessageInvalid:
    return MessageInvalid(
        ErrorCode.MESSAGE_INVALID,
        "`run_id` is not a run of this dealer.",
        "Leave it out to start a run, or to join the one that is open.",
    )
