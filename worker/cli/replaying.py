"""Asking again for what is in quarantine, one after the other, as a person would."""

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from schemas.answers import dump_import_result
from schemas.messages import ImportRequest, RefreshRequest, load
from schemas.outcome import Outcome
from worker.cli import screen
from worker.cli.exits import Ended, Exit, ended
from worker.cli.queue import Queue
from worker.errors import ErrorCode, TwoDriveError
from worker.names import TaskName
from worker.store.quarantine import Case
from worker.wiring import Parts

_STILL_NO = frozenset({Outcome.REJECTED, Outcome.NOT_FOUND})
#: Another search that succeeds says nothing of these.
_DEFECTS = frozenset({ErrorCode.INTERNAL.value, ErrorCode.WORKER_LOST.value})

#: Asks for one and gives the answer's workorders; raises `Ended` where there is no answer.
Ask = Callable[[Case], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one: the answer's workorders, or the sentence that says why there is no answer."""

    case: Case
    workorders: Sequence[dict[str, Any]] = ()
    failure: str | None = None

    @property
    def outcomes(self) -> list[str]:
        return ["failed"] if self.failure else [str(one["outcome"]) for one in self.workorders]


@dataclass(frozen=True, slots=True)
class Replay:
    """All that was asked for; `stopped` by what would have stopped all others, too."""

    replayed: Sequence[Replayed]
    stopped: Ended | None = None

    @property
    def exit_code(self) -> Exit:
        outcomes = {outcome for one in self.replayed for outcome in one.outcomes}
        if "failed" in outcomes:
            return Exit.FAILED
        return Exit.NO if outcomes & _STILL_NO else Exit.DONE


def split(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Those that can be asked for again, and those that cannot."""
    able: list[Case] = []
    unable: list[Case] = []
    for case in cases:
        (able if case.workorder_id or case.wo_number else unable).append(case)
    return able, unable


def instead(case: Case) -> str:
    """What to do about one that cannot be asked for."""
    if case.trigger == "bulk" and case.error_code:
        return f"Start another run: twodrive bulk {case.dealer_id}"
    if case.error_code in _DEFECTS:
        return (
            f"What was typed is not kept. The worker's log has task {case.task_id or '–'}. Once mended: "
            f"twodrive quarantine discard {case.dealer_id} {case.subject}"
        )
    if case.error_code:
        return (
            f"What was typed is not kept. See what is wrong: twodrive check {case.dealer_id}. "
            "It leaves when a search of this dealer finds something again."
        )
    return "Its numbers cannot be read; it is tried again whenever a search or a run finds it."


def replay(parts: Parts, cases: Sequence[Case], *, local: bool) -> Replay:
    """Ask for each, and stop where every other would end the same way: nobody takes requests, the dealer is
    paused, its login is wrong, Vinacles is away."""
    done: list[Replayed] = []
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    console = screen.errors()
    with (
        nullcontext() if local else closing(Queue(parts.settings)) as queue,
        Progress(
            *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
        ) as bar,
    ):
        ask = _through(queue) if queue is not None else _here(parts)
        under_way = bar.add_task("asking again", total=len(cases))
        for case in cases:
            try:
                done.append(Replayed(case, ask(case)))
            except Ended as end:
                if end.exit_code != Exit.FAILED:
                    return Replay(done, end)
                done.append(Replayed(case, failure=end.message))
            bar.advance(under_way)
    return Replay(done)


def _arguments(case: Case) -> dict[str, object]:
    """By its number in the DMS, where that is known: nothing else is meant by it. An answer from before it
    was mended would not do."""
    asked = {"dealer_id": case.dealer_id, "request_id": f"cli-{uuid4().hex[:12]}", "fresh": True}
    if case.workorder_id:
        return {**asked, "workorder_id": str(case.workorder_id)}
    return {**asked, "search": case.wo_number}


def _through(queue: Queue) -> Ask:
    def ask(case: Case) -> list[dict[str, Any]]:
        task = TaskName.REFRESH if case.workorder_id else TaskName.IMPORT
        found: list[dict[str, Any]] = queue.ask(task, _arguments(case))["workorders"]
        return found

    return ask


def _here(parts: Parts) -> Ask:
    def ask(case: Case) -> list[dict[str, Any]]:
        arguments, deadline = _arguments(case), parts.interactive_deadline()
        try:
            if case.workorder_id:
                result = parts.importer.refresh(load(RefreshRequest, arguments), None, deadline)
            else:
                result = parts.importer.search(load(ImportRequest, arguments), None, deadline)
        except TwoDriveError as error:
            raise ended(error) from None
        found: Any = dump_import_result(result)["workorders"]
        return list(found)

    return ask
