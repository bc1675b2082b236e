"""`twodrive history`: what became of a workorder, import by import and field by field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from rich.table import Table

from worker.cli import asking, parts, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.help import command, json_option
from worker.store.history import attempts, changes


@command(
    "history",
    "twodrive history 12 WO-2026-0117",
    "twodrive history 12 WO-2026-0117 --most 200 --json",
)
@dealer_id_argument
@click.argument("workorder")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, help="Rows of each table [50].")
@json_option
def history(dealer_id: int, workorder: str, most: int, as_json: bool) -> None:
    """Show the imports of a WORKORDER that Claire has, and what each changed: its workorder_id, or its WO
    number.

    Bulk refreshes that found nothing changed leave no row. Of contacts only that they changed is kept, never
    what they were.
    """
    with parts.opened() as opened:
        key = UUID(asking.workorder_id_of(opened, dealer_id, workorder))
        with opened.database.transaction() as connection:
            tried = attempts(connection, dealer_id, key, most)
            changed = changes(connection, dealer_id, key, most)
    if as_json:
        shown = {"workorder_id": key, "attempts": tried, "changes": changed}
        screen.print_json(_plain(shown))
        return
    console = screen.out()
    console.print(_attempts(tried) if tried else "No attempts are on record.")
    console.print(_changes(changed) if changed else "No changes are on record.")


def _attempts(rows: list[Mapping[str, Any]]) -> Table:
    table = screen.table("started", "trigger", "outcome", "why", "warnings", "request", "ms")
    for row in rows:
        table.add_row(
            _moment(row["started_at"]),
            row["trigger"],
            row["outcome"] or "failed",
            row["reason"] or row["error_code"] or "",
            ", ".join(row["warnings"]),
            screen.plain(row["request_id"] or ""),
            str(row["duration_ms"]),
        )
    return table


def _changes(rows: list[Mapping[str, Any]]) -> Table:
    table = screen.table("changed", "field", "before", "after")
    for row in rows:
        before, after = (screen.plain(row[name] or "") for name in ("old", "new"))
        table.add_row(_moment(row["changed_at"]), row["path"], before, after)
    return table


def _moment(moment: datetime) -> str:
    """In the time zone of this machine, with its name: inside a container that is seldom the reader's."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list():
            return [_plain(one) for one in value]
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value
