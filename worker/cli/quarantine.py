"""`twodrive quarantine`: what could not be imported, why, and what becomes of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import click

from worker.cli import parts, quarantine_views, replaying, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.exits import Ended, Exit
from worker.cli.help import Group, command, json_option, together
from worker.errors import ErrorCode
from worker.store.attempts import recent_attempts
from worker.store.quarantine import REJECTIONS, Case, Choice, chosen
from worker.store.quarantine import discard as discard_cases
from worker.wiring import Parts

# A run fails with any code, once it has spent its tries.
_REASONS = [member.value for member in (*REJECTIONS, *ErrorCode)]
_AGE = re.compile(r"([0-9]{1,4})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def age(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    """Minutes, hours or days."""
    if value is None:
        return None
    match = _AGE.fullmatch(value.strip())
    if match is None:
        raise click.BadParameter("must be a number with m, h or d, for example 30m, 12h or 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


_reason_option = click.option(
    "--reason",
    type=click.Choice(_REASONS),
    metavar="REASON",
    help="Only those with this reason or error code, as the list shows it.",
)
_filters = together(
    _reason_option,
    click.option(
        "--older-than",
        callback=age,
        metavar="AGE",
        help="Only those in quarantine for longer: 30m, 12h, 2d.",
    ),
)
_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
_number_argument = click.argument("number", required=False, metavar="[NUMBER]")


@click.group("quarantine", cls=Group)
def group() -> None:
    """Workorders that could not be imported, and questions that ended in failure."""


@command(
    "list",
    "twodrive quarantine list",
    "twodrive quarantine list 12 --reason unreadable_price",
    "twodrive quarantine list 12 --json",
    group=group,
)
@click.argument("dealer_id", type=click.IntRange(min=1), metavar="[DEALER_ID]", required=False)
@_filters
@click.option("--discarded", is_flag=True, help="Also those that were discarded.")
@json_option
def list_cases(
    dealer_id: int | None, reason: str | None, older_than: timedelta | None, discarded: bool, as_json: bool
) -> None:
    """List who is in quarantine, of one dealer or of all, those there for the longest first.

    A rejected workorder enters by itself and leaves by itself, when it was mended in the DMS and is read
    again: at the latest by the day's bulk refresh over everything.
    """
    with parts.opened() as opened:
        if dealer_id is not None:
            parts.dealer_of(opened, dealer_id)
        found = _chosen(opened, Choice(dealer_id, None, reason, older_than, discarded))
    if as_json:
        screen.print_json([quarantine_views.record(case) for case in found])
    else:
        screen.out().print(quarantine_views.table(found) if found else "Nothing is in quarantine.")


@command(
    "show",
    "twodrive quarantine show 12 WO-2026-0117",
    "twodrive quarantine show 12 48213 --json",
    group=group,
)
@dealer_id_argument
@click.argument("number")
@json_option
def show(dealer_id: int, number: str, as_json: bool) -> None:
    """Show why NUMBER is in quarantine: a WO number, a DMS number, or what the list shows in its place.

    The evidence names columns and shapes: 9 stands for a digit, x for a letter. Values are never kept, and
    of contacts nothing at all.
    """
    with parts.opened() as opened:
        case = _one(opened, dealer_id, number)
        with opened.database.transaction() as connection:
            attempts = recent_attempts(connection, dealer_id, case.workorder_id) if case.workorder_id else []
    if as_json:
        screen.print_json({**quarantine_views.record(case), "attempts": quarantine_views.records(attempts)})
    else:
        screen.out().print(quarantine_views.card(case, attempts))


@command(
    "replay",
    "twodrive quarantine replay 12 WO-2026-0117",
    "twodrive quarantine replay 12 --reason unreadable_price --dry-run",
    "twodrive quarantine replay 12 --older-than 2d --yes --local",
    group=group,
)
@dealer_id_argument
@_number_argument
@_filters
@click.option("--dry-run", is_flag=True, help="Only show what would be asked for again.")
@_yes_option
@click.option("--local", is_flag=True, help="Import in this process, without queue and worker.")
@json_option
def replay(
    dealer_id: int, number: str | None, dry_run: bool, yes: bool, local: bool, as_json: bool, **filters: Any
) -> None:
    """Ask Vinacles for workorders in quarantine again, as if somebody had refreshed them.

    Without NUMBER all that fit the filter are shown first, and asked about. Exit code 4 says that at least
    one is still rejected or not found, 1 that one failed.
    """
    with parts.opened() as opened:
        able, unable = replaying.split(_selected(opened, dealer_id, number, filters))
        if number is not None and unable:
            raise Ended(Exit.NO, "This cannot be asked for again.", replaying.instead(unable[0]))
        if dry_run or (number is None and not as_json):
            _announce(able, unable, as_json=as_json)
        if dry_run or not (able or as_json):
            return
        _confirm(f"Ask for {len(able)} again?", able, sure=yes or number is not None, as_json=as_json)
        done = replaying.replay(opened, able, local=local)
    if as_json:
        screen.print_json(quarantine_views.replayed(done))
    else:
        screen.out().print(quarantine_views.summary(done))
    if done.stopped is not None:
        raise done.stopped
    if done.exit_code:
        raise click.exceptions.Exit(done.exit_code)


@command(
    "discard",
    "twodrive quarantine discard 12 WO-2026-0117",
    "twodrive quarantine discard 12 --reason no_labor_item --older-than 30d --yes",
    group=group,
)
@dealer_id_argument
@_number_argument
@_filters
@_yes_option
def discard(dealer_id: int, number: str | None, yes: bool, **filters: Any) -> None:
    """Take workorders off the list that nobody will mend.

    They stay rejected, and come back by themselves when they change in the DMS. A failure is forgotten until
    it happens again.
    """
    with parts.opened() as opened:
        found = _selected(opened, dealer_id, number, filters)
        screen.out().print(quarantine_views.table(found) if found else "Nothing fits.")
        if not found:
            return
        _confirm(f"Discard {len(found)}?", found, sure=yes, as_json=False)
        with opened.database.transaction() as connection:
            count = discard_cases(connection, dealer_id, [case.subject for case in found])
    screen.out().print(f"{count} discarded.")


def _chosen(opened: Parts, choice: Choice) -> list[Case]:
    with opened.database.transaction() as connection:
        return chosen(connection, choice)


def _one(opened: Parts, dealer_id: int, number: str) -> Case:
    parts.dealer_of(opened, dealer_id)
    found = _chosen(opened, Choice(dealer_id, number.strip(), discarded=True))
    if not found:
        raise Ended(
            Exit.NO,
            f"Dealer {dealer_id} has nothing in quarantine by this name.",
            f"See who is there: twodrive quarantine list {dealer_id}",
        )
    if len(found) > 1:
        names = ", ".join(case.subject for case in found)
        raise click.UsageError(f"Several are meant; give one of these: {names}")
    return found[0]


def _selected(
    opened: Parts, dealer_id: int, number: str | None, filters: Mapping[str, Any]
) -> Sequence[Case]:
    """One by its number, or all that fit the filters."""
    if number is not None:
        if any(value is not None for value in filters.values()):
            raise click.UsageError("Give a NUMBER or filters, not both.")
        return [_one(opened, dealer_id, number)]
    parts.dealer_of(opened, dealer_id)
    return _chosen(opened, Choice(dealer_id, None, filters["reason"], filters["older_than"]))


def _announce(able: Sequence[Case], unable: Sequence[Case], *, as_json: bool) -> None:
    if as_json:
        record: Callable[[Case], dict[str, Any]] = quarantine_views.record
        screen.print_json({"replayable": [*map(record, able)], "not_replayable": [*map(record, unable)]})
        return
    screen.out().print(quarantine_views.table(able) if able else "Nothing can be asked for again.")
    for case in unable:
        screen.out().print(screen.plain(f"Not by replay: {case.subject}. {replaying.instead(case)}", "dim"))


def _confirm(question: str, cases: Sequence[Case], *, sure: bool, as_json: bool) -> None:
    if sure or not cases:
        return
    if as_json:
        raise click.UsageError("--json for more than one needs --yes, or --dry-run to look first.")
    click.confirm(question, abort=True, err=True)
