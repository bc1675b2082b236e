"""What a fault must do, what was seen, and how long it took: a row per fault."""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname

BEGIN, END = "<!-- faults: begin, written by `make faults` -->\n", "<!-- faults: end -->"
#: What Celery adds to a worker's name: the machine is no part of what was seen.
_MACHINE = f"@{gethostname()}"
_HEAD = ("fault", "expected", "seen", "seconds", "bound")


class NotStruck(AssertionError):
    """A test that says nothing of what it did or saw."""


@dataclass
class Fault:
    """One row. The clock runs from `strikes` to `over`; the bound is in seconds."""

    name: str
    expected: str
    bound: float
    seen: str = ""
    seconds: float | None = None
    _struck: float | None = field(default=None, repr=False)

    def strikes(self) -> None:
        """Now it breaks."""
        self._struck = time.monotonic()

    def over(self, seen: str) -> None:
        """Now all is well again, and this is what was seen. AssertionError when it took too long."""
        if self._struck is None:
            raise NotStruck(self.name)
        self.seconds = time.monotonic() - self._struck
        self.seen = seen
        assert self.seconds <= self.bound, f"{self.name}: {self.seconds:.1f} s, bound {self.bound:g} s"

    @property
    def cells(self) -> tuple[str, ...]:
        seconds = "" if self.seconds is None else f"{self.seconds:.1f}"
        seen = self.seen.replace(_MACHINE, "") or "**not as expected**"
        return self.name, self.expected, seen, seconds, f"{self.bound:g}"


def table(faults: list[Fault]) -> str:
    rows = [_HEAD, ("---",) * len(_HEAD), *(fault.cells for fault in faults)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write(document: Path, faults: list[Fault]) -> None:
    """Replace what stands between the marks."""
    text = document.read_text("utf-8")
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    assert between.search(text), f"{document} has no marks"
    document.write_text(between.sub(lambda _: f"{BEGIN}\n{table(faults)}\n{END}", text), "utf-8")
