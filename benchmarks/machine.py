"""On what and of what something was measured."""

import os
import platform
import subprocess
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


def load() -> float:
    """Programs that wanted the cores, on average of the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    rows = known.read_text("utf-8").splitlines() if known.exists() else []
    names = [row.split(":", 1)[1].strip() for row in rows if row.startswith("model name")]
    return names[0] if names else platform.machine()
