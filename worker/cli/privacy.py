"""`twodrive purge` and `twodrive forget`: what must not be kept any longer."""

import sys
from dataclasses import replace

import click

from schemas.texts import has_control_character, has_lone_surrogate
from worker.cli import parts, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.exits import Ended, Exit
from worker.cli.help import command, json_option
from worker.deadline import Deadline
from worker.store.forgetting import Person, by_email, by_name, by_phone, forget
from worker.wiring import Parts

_HOUR_SECONDS = 3600.0
_ELSEWHERE = "Unless it is an ordinary word in them, too, add --everywhere."
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")


@command("purge", "twodrive purge --dry-run", "twodrive purge")
@_DRY_RUN
@json_option
def purge(dry_run: bool, as_json: bool) -> None:
    """Remove what is older than the settings TWODRIVE_KEEP_…_DAYS say.

    The task `maintenance.purge` does the same each night. Contacts' rows stay, without the person.
    """
    with parts.opened() as opened:
        retention = opened.retention()
        with screen.progress("Purging"):
            counts = retention.overdue() if dry_run else retention.purge(Deadline.after(_HOUR_SECONDS))
    _show(counts, None, dry_run=dry_run, as_json=as_json)


@command(
    "forget",
    "twodrive forget 12 --phone 06-12345678 --dry-run",
    "twodrive forget 12 --email jan@example.com --yes",
    "twodrive forget 12 --name - < name.txt",
    "twodrive forget 12 --name Jansen --everywhere --dry-run",
)
@dealer_id_argument
@click.option("--phone", metavar="NUMBER", help="By telephone number, in any spelling.")
@click.option("--email", metavar="ADDRESS", help="By e-mail address.")
@click.option("--name", metavar="LAST_NAME", help="By last name; everybody of that name at the dealer.")
@click.option(
    "--everywhere", is_flag=True, help="With --name: also texts of workorders with no such contact."
)
@_DRY_RUN
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget_person(
    dealer_id: int,
    phone: str | None,
    email: str | None,
    name: str | None,
    everywhere: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase a person from all workorders of a dealer: contacts, and texts that repeat what was given.

    Give one of --phone, --email and --name, or - for it to read it from standard input, and run it again for
    others. A name is looked for in the texts of workorders whose contact has it, since it may be an ordinary
    word or a make of cars; how many other texts hold it is told, and --everywhere erases these, too: for a
    person whose contact was emptied or renamed. Have the person erased in the DMS first: a workorder that
    changes there is imported anew, with whom it then names. Plates stay, as part of the workorder, and so do
    makes and models that hold nothing of what was given.
    """
    kind, value = _only({"phone": phone, "email": email, "name": name})
    if everywhere and kind != "name":
        raise click.UsageError("--everywhere goes with --name; the others are looked for everywhere anyway.")
    with parts.opened() as opened:
        region = parts.dealer_of(opened, dealer_id).dealer.phone_region
        person = _person(kind, value, region, everywhere)
        counts = _erased(opened, dealer_id, person, keep=True)
        all_texts = _erased(opened, dealer_id, replace(person, everywhere=True), keep=True)
        elsewhere = {table: all_texts[table] - count for table, count in counts.items()}
        if not any(counts.values()):
            raise _nothing(dealer_id, sum(elsewhere.values()))
        if not dry_run:
            if not yes:
                _show(counts, elsewhere, dry_run=True, as_json=False, error=True)
                click.confirm("Erase this for ever?", abort=True, err=True)
            counts = _erased(opened, dealer_id, person, keep=False)
    _show(counts, elsewhere, dry_run=dry_run, as_json=as_json)


def _nothing(dealer_id: int, elsewhere: int) -> Ended:
    if elsewhere:
        return Ended(
            Exit.NO,
            f"No contact of dealer {dealer_id} has this name, but {elsewhere} texts of workorders hold it.",
            _ELSEWHERE,
        )
    return Ended(
        Exit.NO,
        f"Nothing of this person is stored for dealer {dealer_id}.",
        "Try another spelling, or the other options.",
    )


class _Undo(Exception):
    """Rolls a transaction back."""


def _erased(opened: Parts, dealer_id: int, person: Person, *, keep: bool) -> dict[str, int]:
    """How many rows lose the person; with `keep` they get it back at once, so that counting is exact."""
    counts: dict[str, int] = {}
    try:
        with opened.database.transaction() as connection:
            counts = forget(connection, dealer_id, person)
            if keep:
                raise _Undo
    except _Undo:
        pass
    return counts


def _only(given: dict[str, str | None]) -> tuple[str, str]:
    named = [(kind, value) for kind, value in given.items() if value is not None]
    if len(named) != 1:
        raise click.UsageError("Give exactly one of --phone, --email and --name.")
    kind, value = named[0]
    value = (sys.stdin.readline() if value == "-" else value).strip()
    if not value:
        raise click.UsageError(f"--{kind} is empty.")
    if has_control_character(value) or has_lone_surrogate(value):
        raise click.UsageError(f"--{kind} holds characters that nobody can be called by.")
    return kind, value


def _person(kind: str, value: str, region: str, everywhere: bool) -> Person:
    if kind == "email":
        return by_email(value)
    if kind == "name":
        return by_name(value, everywhere=everywhere)
    person = by_phone(value, region)
    if person is None:
        raise click.UsageError(f"--phone is no telephone number, for example 06-12345678 in {region}.")
    return person


def _show(
    counts: dict[str, int],
    elsewhere: dict[str, int] | None,
    *,
    dry_run: bool,
    as_json: bool,
    error: bool = False,
) -> None:
    if as_json:
        more = {} if elsewhere is None else {"elsewhere": elsewhere}
        screen.print_json({"dry_run": dry_run, "rows": counts, **more})
        return
    table = screen.table("table", "rows to remove from" if dry_run else "rows removed from")
    for name, count in counts.items():
        table.add_row(name, str(count))
    (screen.errors() if error else screen.out()).print(table)
    if others := sum((elsewhere or {}).values()):
        screen.errors().print(
            f"{others} texts of workorders with no such contact, or of cars, hold it and stay. {_ELSEWHERE}"
        )
