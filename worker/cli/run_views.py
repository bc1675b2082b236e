"""Runs of bulk refresh, for a person to read: a bar while one is under way, a summary, a table."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from schemas.bulk import BulkResult
from worker.cli import screen
from worker.errors import ErrorCode
from worker.store.columns import Phase, RunState

_COUNTS = ("created", "updated", "unchanged", "held", "rejected", "skipped", "missing")
_PHASES = {
    Phase.WINDOW.value: "reading the window",
    Phase.KNOWN.value: "reading what else is known",
    Phase.DONE.value: "finishing",
}


class Bar:
    """A progress bar on standard error; nothing where nobody watches."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._task = shown.add_task("", total=None)

    def show(self, result: BulkResult) -> None:
        """Where the run stands now."""
        total = None if result.expected is None else max(result.expected, result.seen)
        self._shown.update(self._task, description=headline(result), completed=result.seen, total=total)


@contextmanager
def bar() -> Iterator[Bar]:
    columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}", markup=False))
    console = screen.errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield Bar(shown)


def headline(result: BulkResult) -> str:
    """`reading the window: 500 of 2,000 workorders, 1 page, 480 unchanged, 20 updated; 30 s left`."""
    known = [doing(result), _seen(result), _number(result.pages, "page")]
    if said := counts(result):
        known.append(said)
    line = f"{known[0]}: {', '.join(known[1:])}"
    if result.eta_seconds is not None:
        line += f"; about {duration(result.eta_seconds)} left"
    if result.error_code:
        line += f"; last problem: {result.error_code}"
    return line


def doing(result: BulkResult) -> str:
    """What an open run is at; of one that has ended, how it ended."""
    return _PHASES[result.phase] if result.state == RunState.RUNNING.value else result.state


def counts(result: BulkResult) -> str:
    """`20 updated, 480 unchanged`: what there was any of."""
    found = ((name, getattr(result, name)) for name in _COUNTS)
    return ", ".join(f"{number:,} {name}" for name, number in found if number)


def summary(result: BulkResult, now: datetime) -> RenderableType:
    """What became of a run. `now` matters while it is open."""
    rows = [
        ("run", f"{result.run_id} of dealer {result.dealer_id}"),
        ("state", doing(result)),
        ("took" if result.finished_at else "for", duration(_seconds(result, now))),
        ("workorders", _seen(result).removesuffix(" workorders").removesuffix(" workorder")),
        ("outcomes", counts(result) or "–"),
        ("pages", f"{result.pages:,} in {_number(result.requests, 'request')}"),
    ]
    if result.error_code:
        rows.append(("problem", _problem(result.error_code)))
    return screen.pairs(rows)


def table(results: Iterable[BulkResult], now: datetime) -> Table:
    """One line per run."""
    made = screen.table("run", "dealer", "state", "started (UTC)", "time", "pages", "seen", "outcomes")
    for result in results:
        made.add_row(
            str(result.run_id),
            str(result.dealer_id),
            f"{doing(result)}: {result.error_code}" if result.error_code else doing(result),
            screen.utc(result.started_at),
            duration(_seconds(result, now)),
            f"{result.pages:,}",
            f"{result.seen:,}",
            counts(result) or "–",
        )
    return made


def duration(seconds: float) -> str:
    """`42 s`, `3 min 5 s`, `2 h 0 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _seen(result: BulkResult) -> str:
    if result.expected is None or result.finished_at:
        return _number(result.seen, "workorder")
    return f"{result.seen:,} of {_number(max(result.expected, result.seen), 'workorder')}"


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _seconds(result: BulkResult, now: datetime) -> float:
    return max(timedelta(), (result.finished_at or now) - result.started_at).total_seconds()


def known_code(code: str) -> ErrorCode | None:
    """None for a code of a newer worker."""
    return next((known for known in ErrorCode if known.value == code), None)


def _problem(code: str) -> str:
    known = known_code(code)
    return f"{code}: {known.meaning}" if known else code
