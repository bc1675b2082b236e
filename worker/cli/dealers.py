"""`twodrive dealers`: whom to import for, and by which rules."""

from datetime import time
from typing import Any, TextIO, cast

import click

from schemas.dealer import RULES, Connection, Dealer, Secret
from worker.cli import circuits, parts, screen
from worker.cli.dealer_options import (
    NEVER,
    bulk_options,
    connection_options,
    dealer_id_argument,
    policy_options,
)
from worker.cli.exits import Ended, Exit
from worker.cli.help import Group, command, json_option
from worker.cli.masking import MASK
from worker.store.circuits import close
from worker.store.dealers import DealerChanges
from worker.vinacles.wire import checked_url
from worker.wiring import Parts

_CONNECTION = ("base_url", "token_url", "audience", "client_id")
#: Columns of the list, and the fields they show.
_LISTED = {
    "dealer": "dealer_id",
    "name": "name",
    "base URL": "base_url",
    "affiliates": "affiliates",
    "keeps importing after start": "keep_importing_after_start",
    "refreshed every (min)": "refresh_every_minutes",
    "paused": "paused",
}
#: What bulk refreshes found out about the tenant.
_LEARNED: DealerChanges = {"page_rows": None, "modified_on_works": None}
#: What failed so far was another server.
_ELSEWHERE = frozenset({"base_url", "token_url"})
_ABSENT = {
    "refresh_every_minutes": NEVER,
    "refresh_from": "00:00",
    "refresh_until": "00:00",
    "page_rows": "not known yet",
    "modified_on_works": "not known yet",
}


@click.group("dealers", cls=Group)
def group() -> None:
    """The dealers to import for: connection, policy, pauses. Client secrets are stored encrypted."""


@command(
    "add",
    'twodrive dealers add 12 --name "Garage Noord" --base-url https://noord.example \\\n'
    "        --token-url https://login.example/oauth/token --audience noord --client-id claire",
    "twodrive dealers add 12 … --client-secret-file /run/secrets/dealer-12 --affiliate 3 --affiliate 4",
    group=group,
)
@dealer_id_argument
@connection_options(new=True)
@policy_options(new=True)
@bulk_options(new=True)
def add(dealer_id: int, client_secret_file: TextIO | None, **fields: Any) -> None:
    """Add a dealer. DEALER_ID is Claire's own number of it.

    The client secret is read from a file or asked for without echo; it is never an argument, since other
    users of the machine can see arguments.
    """
    given = _given(fields)
    connection = Connection(
        **{name: given.pop(name) for name in _CONNECTION}, client_secret=_secret(client_secret_file)
    )
    with parts.opened() as opened:
        _check_reach(opened, connection.base_url, connection.token_url)
        with opened.database.transaction() as transaction:
            dealer = Dealer(dealer_id=dealer_id, connection=connection, **given)
            added = opened.dealers.add(transaction, dealer)
    if not added:
        raise Ended(
            Exit.NO,
            f"There is a dealer {dealer_id} already.",
            f"Change it: twodrive dealers set {dealer_id} --help.",
        )
    click.echo(f"Dealer {dealer_id} was added. Look its Vinacles over: twodrive check {dealer_id}")


@command(
    "set",
    "twodrive dealers set 12 --keep-importing-after-start",
    "twodrive dealers set 12 --paused",
    "twodrive dealers set 12 --refresh-every-minutes 15 --refresh-from 06:30 --refresh-until 19:00",
    "twodrive dealers set 12 --new-client-secret",
    group=group,
)
@dealer_id_argument
@connection_options(new=False)
@click.option("--new-client-secret", is_flag=True, help="Ask for a new client secret, without echo.")
@policy_options(new=False)
@click.option("--all-affiliates", is_flag=True, help="Import from every branch again.")
@bulk_options(new=False)
@click.option(
    "--forget-learned",
    is_flag=True,
    help="Find out again what the tenant can do: the size of its pages, whether ModifiedOn works. "
    "A new --base-url does the same.",
)
def change(
    dealer_id: int,
    client_secret_file: TextIO | None,
    new_client_secret: bool,
    all_affiliates: bool,
    forget_learned: bool,
    **fields: Any,
) -> None:
    """Change a dealer; what is not named stays as it is. Workers use it from their next task on."""
    given = _given(fields)
    if all_affiliates and "affiliates" in given:
        raise click.UsageError("--affiliate and --all-affiliates contradict each other.")
    if all_affiliates:
        given["affiliates"] = ()
    if client_secret_file or new_client_secret:
        given["client_secret"] = _secret(client_secret_file)
    if forget_learned or "base_url" in given:
        given |= _LEARNED
    if not given:
        raise click.UsageError("Nothing to change was named; see --help.")
    with parts.opened() as opened:
        _check_reach(opened, *(given[name] for name in ("base_url", "token_url") if name in given))
        with opened.database.transaction() as transaction:
            if not opened.dealers.change(transaction, dealer_id, cast("DealerChanges", given)):
                raise parts.unknown_dealer(dealer_id)
            if not _ELSEWHERE.isdisjoint(given):
                close(transaction, dealer_id)
    click.echo(f"Dealer {dealer_id} was changed: {', '.join(given)}.")


@command("list", "twodrive dealers list", "twodrive dealers list --json", group=group)
@json_option
def list_all(as_json: bool) -> None:
    """List all dealers."""
    with parts.opened() as opened, opened.database.transaction() as transaction:
        dealers = opened.dealers.list_all(transaction)
    if as_json:
        screen.print_json([record(dealer) for dealer in dealers])
        return
    table = screen.table(*_LISTED)
    for dealer in dealers:
        shown = _shown(record(dealer))
        table.add_row(*(screen.plain(shown[field]) for field in _LISTED.values()))
    screen.out().print(table if dealers else "There is no dealer yet. Add one: twodrive dealers add --help")


@command("show", "twodrive dealers show 12", "twodrive dealers show 12 --json", group=group)
@dealer_id_argument
@json_option
def show(dealer_id: int, as_json: bool) -> None:
    """Show all of a dealer but its client secret."""
    with parts.opened() as opened:
        loaded = parts.dealer_of(opened, dealer_id)
    shown, circuit, now = record(loaded.dealer), loaded.circuit, loaded.asked_at
    if as_json:
        screen.print_json({**shown, "circuit": circuits.record(circuit, now)})
        return
    screen.out().print(screen.pairs([*_shown(shown).items(), ("circuit", circuits.words(circuit, now))]))


def record(dealer: Dealer) -> dict[str, object]:
    """A dealer as JSON, its client secret masked."""
    reach = dealer.connection
    return {
        "dealer_id": dealer.dealer_id,
        "name": dealer.name,
        "base_url": reach.base_url,
        "token_url": reach.token_url,
        "audience": reach.audience,
        "client_id": reach.client_id,
        "client_secret": MASK,
        "affiliates": list(dealer.affiliates),
        **{name: _json(getattr(dealer, name)) for name in RULES},
    }


def _json(value: object) -> object:
    return value.isoformat("minutes") if isinstance(value, time) else value


def _shown(fields: dict[str, object]) -> dict[str, str]:
    def words(name: str, value: object) -> str:
        if value is None:
            return _ABSENT[name]
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(str(one) for one in value) or "all"
        return str(value)

    return {name: words(name, value) for name, value in fields.items()}


def _check_reach(opened: Parts, *urls: str) -> None:
    """Raises ConfigurationError for a URL that says by itself that workers would not follow it. Names are
    looked up by `twodrive check` and at each connection."""
    for url in urls:
        checked_url(url, allow_private=opened.settings.allow_private_addresses)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were named; an empty list of affiliates means that none was."""
    named = {name: value for name, value in fields.items() if value is not None and value != ()}
    return {name: None if value == NEVER and name in _ABSENT else value for name, value in named.items()}


def _secret(file: TextIO | None) -> Secret:
    typed = click.prompt("Client secret", hide_input=True, err=True) if file is None else file.read()
    secret = typed.strip()
    if not secret:
        raise click.UsageError("The client secret is empty.")
    return Secret(secret)
