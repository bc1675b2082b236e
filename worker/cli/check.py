"""`twodrive check`: is everything right between us and a dealer's Vinacles?"""

from collections.abc import Iterable
from dataclasses import asdict

import click
from rich.text import Text

from worker.cli import parts, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.exits import Exit
from worker.cli.findings import Finding, Level, worst
from worker.cli.help import command, json_option
from worker.cli.inspection import Inspection
from worker.vinacles.probing import Probing

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red", Level.SKIP: "dim"}


@command("check", "twodrive check 12", "twodrive check 12 --json")
@dealer_id_argument
@json_option
def check(dealer_id: int, as_json: bool) -> None:
    """Look over a dealer's Vinacles: names, certificates, login, entities and columns, clock.

    Each line says ok, warn or fail, and what to do; skip is what an earlier failure made pointless. It reads
    at most one page of workorders and shows none of it. Exit code 1 says that at least one line says fail.
    """
    with parts.opened() as opened:
        dealer = parts.dealer_of(opened, dealer_id).dealer
        inspection = Inspection(dealer, Probing(opened.client), opened.settings.ca_bundle)
        found = list(_shown(inspection.run(), quiet=as_json))
    level = worst(found)
    if as_json:
        lines = [asdict(finding) for finding in found]
        screen.print_json({"dealer_id": dealer_id, "result": level, "lines": lines})
    if level is Level.FAIL:
        raise click.exceptions.Exit(Exit.FAILED)


def _shown(found: Iterable[Finding], *, quiet: bool) -> Iterable[Finding]:
    """The findings, each printed as soon as it is made."""
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
