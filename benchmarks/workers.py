"""Workers of any pool, and what memory they take."""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.environments import with_gevent
from sandbox.processes import Program
from sandbox.stack import Stack

_numbers = count()
_MIB = 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """`nice` above 0 gives way to others."""

    pool: str
    slots: int
    queues: str
    nice: int = 0


INTERACTIVE, BULK = "interactive", "bulk,maintenance"


def start(stack: Stack, kind: Kind) -> Program:
    """A real worker; returns when it consumes. Whoever started it may stop it."""
    gevent = kind.pool == "gevent"
    python = with_gevent() if gevent else sys.executable
    # psycopg2 refuses COPY, by which bulk writes, where it gives way while it waits; so there it does not.
    app = "benchmarks.gevent_app" if gevent and kind.queues == INTERACTIVE else "worker.app"
    # A name of its own, so that its log is its own too.
    name = f"{kind.pool}-{next(_numbers)}"
    command = [python, "-m", "celery", "-A", app, "worker", "-P", kind.pool, "-c", str(kind.slots)]
    command += ["-Q", kind.queues, "-n", f"{name}@%h", "--without-gossip", "--without-mingle"]
    root = str(Path(__file__).resolve().parents[1])
    worker = stack.start(
        name, ["nice", "-n", str(kind.nice), *command] if kind.nice else command, {"PYTHONPATH": root}
    )
    worker.wait_ready(lambda: " ready." in worker.log.read_text(), seconds=60)
    return worker


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB. `rss` counts pages that processes share once for each, `pss` divides them among them."""

    rss: float
    pss: float

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.rss + other.rss, self.pss + other.pss)


def memory(pid: int) -> Memory:
    """Of one process. Linux alone tells."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    kib = {
        row.split(":")[0]: int(row.split()[1]) for row in said.splitlines()[1:] if row.split(":")[0] in _READ
    }
    return Memory(kib["Rss"] / _MIB, kib["Pss"] / _MIB)


_READ = ("Rss", "Pss")


def processes(worker: Program) -> list[int]:
    """The worker's main process, and after it its children."""
    return [worker.process.pid, *children(worker.process.pid)]


def children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(folder.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return sorted(found)


def memory_of(worker: Program) -> Memory:
    """Of all its processes."""
    return sum((memory(pid) for pid in processes(worker)), Memory(0, 0))


def processor_seconds(program: Program) -> float:
    """Of it and its children, those that have ended among them."""
    ticks = 0
    for pid in processes(program):
        # After the name in parentheses: state, and from the twelfth on utime, stime, cutime, cstime.
        own = pid == program.process.pid
        with suppress(FileNotFoundError):  # ended meanwhile, and counted by its parent
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11 : 15 if own else 13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def give_way(program: Program, nice: int) -> None:
    """A program that stands for another machine leaves the cores to what is measured."""
    os.setpriority(os.PRIO_PROCESS, program.process.pid, nice)
