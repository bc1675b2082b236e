"""Where a bulk worker's CPU time goes: `python -m benchmarks.bulk.profiled --py-spy PY_SPY`.

`PY_SPY` is the program of that name (`pip install py-spy` in an environment of its own). It samples the
worker's processes with all their threads, whenever one of them runs, during refreshes of several kinds. A
share is of all samples but those of waiting.
"""

import argparse
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bulk.ours import Ours
from benchmarks.bulk.rounds import ALL, FIRST, NONE, SOME
from benchmarks.bulk.tenant import Tenant
from sandbox.processes import wait_until
from sandbox.services import temporary_folder
from sandbox.stack import Stack

_SAMPLES_PER_SECOND = 200
_ROWS = 80


@contextmanager
def sampled(py_spy: str, pid: int, folds: Path) -> Iterator[None]:
    log = folds.with_suffix(".log")
    command = [py_spy, "record", "--subprocesses", "--pid", str(pid), "--format", "raw"]
    options = ["--rate", str(_SAMPLES_PER_SECOND), "--nolineno", "--output", str(folds), "--duration", "600"]
    with (
        log.open("wb") as output,
        subprocess.Popen([*command, *options], stdout=output, stderr=output) as spy,
    ):
        wait_until(lambda: b"Sampling" in log.read_bytes(), 30, "py-spy")
        try:
            yield
        finally:
            spy.send_signal(signal.SIGINT)
            spy.wait(60)


def shares(folds: Path) -> tuple[Counter[str], Counter[str], int]:
    """Samples in which a function was at the top, or anywhere; and all samples but those of waiting."""
    top: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    total = 0
    for line in folds.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if frames[-1].startswith(_IDLE):
            continue
        total += int(count)
        top[frames[-1]] += int(count)
        anywhere.update(dict.fromkeys(frames, int(count)))
    return top, anywhere, total


def shown(case: str, folds: Path, refreshed_seconds: float) -> Table:
    top, anywhere, total = shares(folds)
    table = Table(title=f"{case}: {refreshed_seconds:.1f} s, busy {total / _SAMPLES_PER_SECOND:.1f} s")
    for name in ("anywhere in the stack", "%", "at the top", "%"):
        table.add_column(name, justify="right" if name == "%" else "left")
    ours = [
        (name, count) for name, count in anywhere.most_common() if any(f"({part}" in name for part in _OURS)
    ][:_ROWS]
    for (name, count), (last, own) in zip(ours, top.most_common(_ROWS), strict=False):
        table.add_row(name, f"{count / total:.1%}", last, f"{own / total:.1%}")
    return table


# Where a process or a thread has nothing to do.
_IDLE = ("_epoll.poll (", "Connection._recv (billiard", "_worker (concurrent/", "Condition.wait (")
_OURS = (
    "worker/",
    "schemas/",
    "tasks/",
    "json/",
    "requests/",
    "psycopg2",
    "sqlalchemy/",
    "marshmallow/",
    "urllib3/",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--py-spy", required=True)
    parser.add_argument("--workorders", type=int, default=5_000)
    options = parser.parse_args()
    with temporary_folder() as folder, Stack(folder, workorders=options.workorders) as stack:
        ours = Ours.start(stack)
        tenant = Tenant(stack.simulator.admin, options.workorders)
        tenant.prepare()
        before: dict[str, Callable[[], object]] = {
            FIRST: lambda: None,
            ALL: tenant.change_all,
            SOME: lambda: tenant.change_some(2),
            NONE: lambda: None,
        }
        pid = ours.worker.process.pid
        console = Console(width=170)
        for number, (case, change) in enumerate(before.items()):
            change()
            folds = folder / f"{number}.folds"
            with sampled(options.py_spy, pid, folds):
                refreshed = ours.refresh(by_modified_on=False)
            console.print(shown(case, folds, refreshed.seconds))
        ours.parts.close()


if __name__ == "__main__":
    main()
