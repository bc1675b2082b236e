"""A wall clock that is set while programs run: PostgreSQL's, Redis' and the workers' together."""

import mmap
import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path

#: libfaketime would do, but its answer to CLOCK_MONOTONIC breaks `time.sleep` of Python 3.11 and later.
_SOURCE = Path(__file__).with_name("clock.c")


class NoCompiler(Exception):
    """The clock cannot be built on this machine."""


class Clock:
    """`env` puts a program under this clock; it is right until it is `set` or `moved`."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            raise NoCompiler
        library, file = folder / "clock.so", folder / "clock.seconds"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True)
        file.write_bytes(struct.pack("=q", 0))
        for path in (library, file):
            path.chmod(0o644)
        with file.open("r+b") as opened:
            self._page = mmap.mmap(opened.fileno(), 8)
        self.env = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(file)}

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self._ahead, UTC)

    def set(self, moment: datetime) -> None:
        self._write(round((moment - datetime.now(UTC)).total_seconds()))

    def move(self, seconds: int) -> None:
        """Forward, or back where it is negative."""
        self._write(self._ahead + seconds)

    @property
    def _ahead(self) -> int:
        ahead: int = struct.unpack("=q", self._page[:8])[0]
        return ahead

    def _write(self, ahead: int) -> None:
        self._page[:8] = struct.pack("=q", ahead)
