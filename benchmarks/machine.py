"""On what and of what something was measured."""

import os
import platform
import resource
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("celery", "SQLAlchemy", "psycopg2-binary", "marshmallow", "requests")


def machine(*more: str) -> str:
    """Cores, Python and packages; `more` names others as `dlt 1.31.0`."""
    named = ", ".join([*(f"{name} {version(name)}" for name in _PACKAGES), *more])
    return f"{os.cpu_count()} cores of {_processor()}, Python {platform.python_version()}, {named}"


def commit() -> str:
    """Of the source that is measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    said = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def when() -> str:
    """The beginning of a measurement's paragraph."""
    return f"Measured on {datetime.now(UTC).date()} at commit `{commit()}`."


class Neighbors:
    """How much of the cores others took since it was made: a figure measured beside busy ones says little."""

    def __init__(self) -> None:
        self._began, self._busy, self._ours = time.monotonic(), _busy_seconds(), _our_seconds()

    def share(self) -> float:
        """From 0 to 1, when all programs that were started meanwhile have ended."""
        others = _busy_seconds() - self._busy - (_our_seconds() - self._ours)
        return max(0.0, others / (time.monotonic() - self._began) / (os.cpu_count() or 1))


def _our_seconds() -> float:
    """Of processor time, of this process and of all that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _busy_seconds() -> float:
    """Of all cores since the machine's start; 0 where nobody tells."""
    known = Path("/proc/stat")
    if not known.exists():
        return 0.0
    user, nice, system, _idle, _wait, *rest = map(int, known.read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def load() -> float:
    """Programs that wanted the cores, on average of the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    rows = known.read_text("utf-8").splitlines() if known.exists() else []
    names = [row.split(":", 1)[1].strip() for row in rows if row.startswith("model name")]
    return names[0] if names else platform.machine()
