"""`twodrive bulk` and `twodrive runs`: refreshing all of a dealer's workorders, watched in PostgreSQL."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import click

from schemas.arguments import MAX_DEALER_ID
from schemas.bulk import BulkResult, dump_bulk_result
from worker.bulk_progress import as_result
from worker.cli import parts, run_views, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.exits import Ended, Exit, ended_by_code
from worker.cli.help import command, json_option
from worker.cli.queue import Queue
from worker.cli.watching import LOOK_SECONDS, Patience
from worker.errors import ErrorCode
from worker.names import TaskName
from worker.store.columns import RunState
from worker.store.runs import Run, StartedRun, open_runs, recent_runs
from worker.wiring import Parts

# Nobody needs it later: while the run is open, the schedule wakes a worker for it again and again.
_EXPIRES_SECONDS = 600
_LAST_RUNS = 20


@command(
    "bulk",
    "twodrive bulk 12",
    "twodrive bulk 12 --no-wait",
    "twodrive bulk 12 --local",
    "twodrive bulk 12 --json",
)
@dealer_id_argument
@click.option("--no-wait", is_flag=True, help="Start, and do not wait for the end.")
@click.option("--local", is_flag=True, help="Work in this process, without queue and worker.")
@json_option
def bulk(dealer_id: int, no_wait: bool, local: bool, as_json: bool) -> None:
    """Refresh all of a dealer's workorders now, whatever its schedule says, and watch.

    A run that is open already is joined. Ctrl-C ends the watching, not a run of the workers. What could not
    be done for now is taken up again by the workers, and also by the same command. Exit code 0 says that the
    run came to its end, whatever became of single workorders.
    """
    if no_wait and local:
        raise click.UsageError("--no-wait and --local contradict each other.")
    with parts.opened() as opened:
        started = _started(opened, dealer_id)
        run_id = started.run_id
        # Another message for a run that has one would give its dealer a second place in the queue.
        if started.unattended and not local:
            _ring(opened, started)
        run = _state(opened, run_id) if no_wait else followed(opened, run_id, local=local)
    result = as_result(run)
    if as_json:
        screen.print_json(dump_bulk_result(result))
    else:
        screen.out().print(run_views.summary(result, run.now))
    if run.state is RunState.FAILED:
        raise _failed(result)


@command("runs", "twodrive runs", "twodrive runs 12", "twodrive runs 12 --json")
@click.argument("dealer_id", type=click.IntRange(1, MAX_DEALER_ID), metavar="[DEALER_ID]", required=False)
@json_option
def runs(dealer_id: int | None, as_json: bool) -> None:
    """Show the bulk refreshes that are open, or the last 20 of a dealer."""
    with parts.opened() as opened:
        if dealer_id is not None:
            parts.dealer_of(opened, dealer_id)
        with opened.database.transaction() as connection:
            found = (
                open_runs(connection) if dealer_id is None else recent_runs(connection, dealer_id, _LAST_RUNS)
            )
    results = [as_result(run) for run in found]
    if as_json:
        screen.print_json([dump_bulk_result(result) for result in results])
        return
    now = found[0].now if found else datetime.now(UTC)
    none = "No run is open." if dealer_id is None else f"Dealer {dealer_id} has had no run yet."
    screen.out().print(run_views.table(results, now) if results else none)


def _started(opened: Parts, dealer_id: int) -> StartedRun:
    if parts.dealer_of(opened, dealer_id).dealer.paused:
        raise Ended(
            Exit.CONFIGURATION,
            f"Importing for dealer {dealer_id} is paused.",
            f"An operator can resume it: twodrive dealers set {dealer_id} --no-paused",
        )
    return opened.bulk.start(dealer_id)


def _ring(opened: Parts, started: StartedRun) -> None:
    arguments = {"dealer_id": started.dealer_id, "run_id": started.run_id, "turn": started.turn}
    with closing(Queue(opened.settings)) as queue:
        queue.tell(TaskName.REFRESH_DEALER, arguments, _EXPIRES_SECONDS)


def followed(opened: Parts, run_id: int, *, local: bool, sleep: Callable[[float], None] = time.sleep) -> Run:
    """The run at its end; watched, or worked on here where nobody else does."""
    patience = Patience()
    with run_views.bar() as bar:

        def show(run: Run) -> None:
            bar.show(as_result(run))

        try:
            while True:
                run = (opened.bulk.work(run_id, None, show) if local else None) or _state(opened, run_id)
                if not run.state.is_open:
                    return run
                show(run)
                patience.check(run)
                sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            raise Ended(
                Exit.FAILED,
                f"Stopped watching; run {run_id} is open.",
                "Workers go on with it. Join it by the same command, or look: twodrive runs",
            ) from None


def _state(opened: Parts, run_id: int) -> Run:
    run = opened.bulk.state(run_id)
    if run is None:
        raise Ended(Exit.FAILED, f"Run {run_id} is there no more.", "Start another by the same command.")
    return run


def _failed(result: BulkResult) -> Ended:
    code = result.error_code or ErrorCode.INTERNAL.value
    known = run_views.known_code(code) or ErrorCode.INTERNAL
    return ended_by_code(code, f"Run {result.run_id} failed: {code}. {known.meaning}", known.next_step)
