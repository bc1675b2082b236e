"""`python -m sandbox.day`: 0 when the day ends as it should, 1 when the comparison fails."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from sandbox.day.comparison import Compared
from sandbox.day.play import Day, played
from sandbox.day.program import ONE_HOUR, WHOLE_DAY


@click.command()
@click.option("--short", is_flag=True, help="One hour with a few workorders instead of the whole day.")
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@click.option(
    "--report",
    "path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default=Path("day.html"),
    show_default=True,
    help="Where the report goes: one file that any browser shows.",
)
def main(short: bool, seed: int, path: Path) -> None:
    """Play a day of a dealer group on the real house, and compare PostgreSQL with Vinacles at its end.

    Needs no running services. Takes about four minutes, with --short less than one. Ends with 1 when
    something is lost, doubled or different.
    """
    console = Console()
    with played(ONE_HOUR if short else WHOLE_DAY, seed, console.print) as day:
        code = close(day, path, console)
    sys.exit(code)


def close(day: Day, path: Path, console: Console) -> int:
    """Compare, write the report, sum up; the exit code."""
    compared = day.finish(path)
    _sum_up(console, compared)
    console.print(f"{len(day.journal.answers):,} questions in {day.seconds:.0f} s. Report: {path.resolve()}")
    return 0 if compared.good else 1


def _sum_up(console: Console, compared: Compared) -> None:
    table = Table(title="At the day's end", title_justify="left")
    for column in ("where", "what", "expected", "found", ""):
        table.add_column(column, justify="right" if column in ("expected", "found") else "left")
    for check in compared.checks:
        verdict = "[green]equal[/]" if check.good else f"[red]differs[/] {', '.join(check.differing)}"
        table.add_row(check.where, check.what, check.expected, check.found, verdict)
    console.print(table)


if __name__ == "__main__":
    main()
