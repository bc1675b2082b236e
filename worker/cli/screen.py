"""What goes where: answers to standard output, progress and errors to standard error."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

#: Files and pipes have no width; tables for them should not be squeezed into 80 columns.
_PIPE_WIDTH = 140


def out() -> Console:
    """Standard output, without guesses about what deserves color."""
    return _console(sys.stdout)


def errors() -> Console:
    """Standard error."""
    return _console(sys.stderr, stderr=True)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def plain(text: str, style: str = "") -> Text:
    """Text of others: neither rich's markup nor a terminal's control sequences in it have any effect."""
    return Text("".join(char if char.isprintable() else "�" for char in text), style=style)


def table(*columns: str) -> Table:
    """An empty table that folds what is too long instead of cutting it off."""
    made = Table(header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def utc(moment: datetime, *, seconds: bool = True) -> str:
    """`2026-03-02 09:30:00`; the column's head or the sentence says that it is UTC. Without seconds for
    tables that are wide."""
    shown = moment.astimezone(UTC)
    return f"{shown:%Y-%m-%d %H:%M:%S}" if seconds else f"{shown:%Y-%m-%d %H:%M}"


def pairs(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and values, without lines."""
    made = Table.grid(padding=(0, 2))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(plain(name, "bold"), plain(value))
    return made


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Show that something is under way, and for how long; nothing where nobody watches."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    console = errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        shown.add_task(what, total=None)
        yield


def _console(file: TextIO, *, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, width=None if file.isatty() else _PIPE_WIDTH)
