"""`twodrive drift`: where a dealer's Vinacles differs from what is expected, and what is done then."""

from collections.abc import Iterable, Sequence

import click
from rich.table import Table

from schemas.arguments import MAX_DEALER_ID
from schemas.drift import Action
from schemas.vinacles import ENTITIES
from worker.cli import parts, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.help import SpeakingGroup, command, json_option
from worker.store.columns import Document
from worker.store.drift import (
    EVERYBODY,
    Noted,
    Policy,
    acknowledge,
    noted,
    policies,
    remove_policy,
    set_policy,
)
from worker.store.listing import Look, looks

_DEFAULT = "default"
_DOCUMENTS = {
    Document.LISTED: "compared",
    Document.HIDDEN: "hidden, so that new columns are not noticed",
    Document.EMPTY: "describes no entity of ours",
    Document.UNREADABLE: "could not be had; see twodrive check",
}
_DEALER = click.IntRange(1, MAX_DEALER_ID)


class _ListByDefault(SpeakingGroup):
    """What is not the name of a command belongs to `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = args and args[0] in (*self.commands, *ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["list", *args])


def _whose_number(context: click.Context, parameter: click.Parameter, value: str) -> int:
    return EVERYBODY if value == "all" else int(_DEALER(value, parameter, context))


@click.group(
    "drift",
    cls=_ListByDefault,
    examples=("twodrive drift", "twodrive drift 12 --everything", "twodrive drift acknowledge 12"),
)
def group() -> None:
    """Show where a dealer's Vinacles differs from what is expected: columns that are new, missing or of
    another type, and new line types. Names and types only, never a value.

    It is noticed while rows are read; and by comparing what Vinacles lists of its columns, once a day and by
    `twodrive check`, which also sees columns that nobody asks for. Each change is reported once, as the log
    event `schema_drift`, and again when it comes back after a week without it.
    """


@command("list", "twodrive drift list 12", "twodrive drift list --everything --json", group=group)
@click.argument("dealer_id", type=_DEALER, metavar="[DEALER_ID]", required=False)
@click.option("--everything", is_flag=True, help="Also what is acknowledged.")
@json_option
def show(dealer_id: int | None, everything: bool, as_json: bool) -> None:
    """List the differences of a dealer, or of all. The word `list` may be left out."""
    with parts.opened() as opened:
        if dealer_id is not None:
            parts.dealer_of(opened, dealer_id)
        with opened.database.transaction() as connection:
            found = noted(connection, dealer_id, everything=everything)
            rules = policies(connection, dealer_id)
            lists = looks(connection, dealer_id)
    if as_json:
        drifts = [_record(one, rules) for one in found]
        records = {
            "policies": list(map(_policy_record, rules)),
            "lists": list(map(_look_record, lists)),
        }
        screen.print_json({"drifts": drifts, **records})
        return
    console = screen.out()
    console.print(_table(found, rules) if found else "Nothing differs that is not acknowledged.")
    for rule in rules:
        console.print(f"policy of {_whose(rule.dealer_id)}: {rule.action.value} {rule.field}", style="dim")
    for look in lists:
        if dealer_id is not None or look.document is not Document.LISTED:
            console.print(_look_words(look), style="dim")


@command(
    "acknowledge",
    "twodrive drift acknowledge 12",
    "twodrive drift acknowledge 12 WorkorderLine.LineType",
    group=group,
)
@dealer_id_argument
@click.argument("field", required=False)
def acknowledge_seen(dealer_id: int, field: str | None) -> None:
    """Say that you have seen what differs at a dealer, in one field or in all.

    It is no longer listed. What happens to imports is not changed by it: see `twodrive drift policy`.
    """
    name = None if field is None else field_named(field)
    with parts.opened() as opened:
        parts.dealer_of(opened, dealer_id)
        with opened.database.transaction() as connection:
            count = acknowledge(connection, dealer_id, name)
    click.echo(f"{count} difference(s) of dealer {dealer_id} acknowledged.")


@command(
    "policy",
    "twodrive drift policy 12 WorkorderLine.Price block",
    "twodrive drift policy all WorkorderLine.LineType allow",
    "twodrive drift policy 12 WorkorderLine.Price default",
    group=group,
)
@click.argument("whose", callback=_whose_number, metavar="DEALER_ID|all")
@click.argument("field")
@click.argument("action", type=click.Choice([*(action.value for action in Action), _DEFAULT]))
def policy(whose: int, field: str, action: str) -> None:
    """Choose what happens when a field differs, for a dealer or for all who have no choice of their own.

    allow: nothing, and what is on record of it counts as acknowledged. warn: it is reported; so it is where
    nothing is chosen. block: also, whatever holds such a field is not imported; requests fail with
    `schema_drift`, and bulk runs stop, until the field is as expected. default: forget the choice.
    """
    name = field_named(field)
    if action == Action.BLOCK and name not in _READ:
        raise click.UsageError(f"{name} is not read, so nothing of it can be blocked.")
    with parts.opened() as opened:
        if whose != EVERYBODY:
            parts.dealer_of(opened, whose)
        with opened.database.transaction() as connection:
            if action == _DEFAULT:
                remove_policy(connection, whose, name)
            else:
                set_policy(connection, Policy(whose, name, Action(action)))
    then = "is reported, as by default" if action == _DEFAULT else f"has the policy {action}"
    click.echo(f"{name} of {_whose(whose)} {then}.")


_READ = frozenset(f"{entity.name}.{column}" for entity in ENTITIES for column in entity.columns)


def field_named(text: str) -> str:
    """`WorkorderLine.Price`, or just `Price` where no other entity has such a column. Raises `UsageError`."""
    entity, _, column = text.rpartition(".")
    if entity:
        if entity not in {known.name for known in ENTITIES} or not column:
            listed = ", ".join(known.name for known in ENTITIES)
            raise click.UsageError(f"{text} does not begin with an entity: {listed}.")
        return text
    named = [f"{known.name}.{text}" for known in ENTITIES if text in known.columns]
    if len(named) != 1:
        hint = (
            f"say which: {', '.join(named)}"
            if named
            else "say Entity.Column, for example WorkorderLine.Price"
        )
        raise click.UsageError(f"{text} is no field of one entity; {hint}.")
    return named[0]


def _table(found: Iterable[Noted], rules: Sequence[Policy]) -> Table:
    made = screen.table(
        "dealer",
        "field",
        "what",
        "found",
        "first seen (UTC)",
        "last seen (UTC)",
        "times",
        "policy",
        "seen by you",
    )
    for one in found:
        made.add_row(
            str(one.dealer_id),
            screen.plain(one.drift.field),
            one.drift.kind.words,
            screen.plain(one.drift.found or "–"),
            screen.utc(one.first_seen_at, seconds=False),
            screen.utc(one.last_seen_at, seconds=False),
            str(one.times),
            _action(one, rules).value,
            "–" if one.acknowledged_at is None else screen.utc(one.acknowledged_at, seconds=False),
        )
    return made


def _record(one: Noted, rules: Sequence[Policy]) -> dict[str, object]:
    return {
        "dealer_id": one.dealer_id,
        "entity": one.drift.entity,
        "column": one.drift.column,
        "kind": one.drift.kind.value,
        "found": one.drift.found or None,
        "first_seen_at": one.first_seen_at.isoformat(),
        "last_seen_at": one.last_seen_at.isoformat(),
        "times": one.times,
        "acknowledged_at": one.acknowledged_at and one.acknowledged_at.isoformat(),
        "policy": _action(one, rules).value,
    }


def _policy_record(rule: Policy) -> dict[str, object]:
    whose = None if rule.dealer_id == EVERYBODY else rule.dealer_id
    return {"dealer_id": whose, "field": rule.field, "action": rule.action.value}


def _look_record(look: Look) -> dict[str, object]:
    return {
        "dealer_id": look.dealer_id,
        "document": look.document and look.document.value,
        "next_look_at": look.next_look_at.isoformat(),
    }


def _look_words(look: Look) -> str:
    said = "not looked at yet" if look.document is None else _DOCUMENTS[look.document]
    next_look = screen.utc(look.next_look_at, seconds=False)
    return f"list of columns (OpenAPI) of dealer {look.dealer_id}: {said}; next look {next_look}"


def _action(one: Noted, rules: Iterable[Policy]) -> Action:
    """Of two that fit the dealer's own is listed last."""
    fitting = [
        r.action for r in rules if r.field == one.drift.field and r.dealer_id in (EVERYBODY, one.dealer_id)
    ]
    return fitting[-1] if fitting else Action.WARN


def _whose(dealer_id: int) -> str:
    return "all dealers" if dealer_id == EVERYBODY else f"dealer {dealer_id}"
