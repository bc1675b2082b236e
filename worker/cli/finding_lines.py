"""Findings on the screen, one line each, as soon as they are made."""

from collections.abc import Iterable

from rich.text import Text

from worker.cli import screen
from worker.cli.findings import Finding, Level

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red", Level.SKIP: "dim"}


def shown(found: Iterable[Finding], *, quiet: bool) -> Iterable[Finding]:
    """The findings, each printed as soon as it is made; none with `quiet`."""
    console = screen.out()
    remaining = iter(found)
    while True:
        with screen.progress("Looking"):
            finding = next(remaining, None)
        if finding is None:
            return
        if not quiet:
            console.print(_line(finding))
        yield finding


def _line(finding: Finding) -> Text:
    level = Text(f"{finding.level.value:5}", _STYLES[finding.level])
    line = Text.assemble(level, (finding.check, "bold"), ": ", screen.plain(finding.text))
    if finding.next_step:
        line.append(f"\n     → {finding.next_step}")
    return line
