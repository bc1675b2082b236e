"""`twodrive keys`: which key encrypts what, and changing to a new one."""

from dataclasses import asdict

import click

from worker.cli import parts, screen
from worker.cli.exits import Ended, Exit
from worker.cli.help import Group, command, json_option
from worker.keys import Keys, KeyUse, Status
from worker.wiring import Parts


@click.group("keys", cls=Group)
def group() -> None:
    """The keys in TWODRIVE_SECRET_KEYS, which encrypt dealers' client secrets and tokens.

    To change to a new key: make one (`twodrive config new-key`) and put it before the others; restart all
    programs; `twodrive keys rotate`; when `twodrive keys status` says so, remove the old one and restart all
    programs again.
    """


@command("status", "twodrive keys status", "twodrive keys status --json", group=group)
@json_option
def status(as_json: bool) -> None:
    """Show which key encrypts how much, and which may be removed. No key is shown, only a mark of it."""
    with parts.opened() as opened:
        found = _keys(opened).status()
    if as_json:
        screen.print_json(_json(found))
    else:
        table = screen.table("key", "mark", "client secrets", "tokens", "what to do")
        for use in found.keys:
            cells = (
                use.position,
                use.fingerprint,
                use.client_secrets,
                use.tokens,
                _advice(use),
            )
            table.add_row(*(screen.plain(str(cell)) for cell in cells))
        screen.out().print(table)
        if found.unreadable_tokens:
            click.echo(f"{found.unreadable_tokens} tokens are of another key: they are not used, and expire.")
    _tell_unreadable(found.unreadable_dealers)


@command("rotate", "twodrive keys rotate --dry-run", "twodrive keys rotate", group=group)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def rotate(dry_run: bool, as_json: bool) -> None:
    """Encrypt with the newest key whatever an older one encrypts. Harmless to repeat, and while workers run.

    The workers must know the newest key already: restart them first.
    """
    with parts.opened() as opened:
        keys = _keys(opened)
        before = keys.status() if dry_run else None
        secrets, tokens, unreadable = _planned(before) if before else _done(keys)
    if as_json:
        screen.print_json(
            {
                "dry_run": dry_run,
                "client_secrets": secrets,
                "tokens": tokens,
                "unreadable_dealers": list(unreadable),
            }
        )
    else:
        verb = "would be" if dry_run else "were"
        click.echo(f"{secrets} client secrets and {tokens} tokens {verb} encrypted with the newest key.")
    _tell_unreadable(unreadable)


def _keys(opened: Parts) -> Keys:
    return Keys(opened.settings.secret_keys, opened.database, opened.state)


def _planned(found: Status) -> tuple[int, int, tuple[int, ...]]:
    old = [use for use in found.keys if use.position > 1]
    return sum(use.client_secrets for use in old), sum(use.tokens for use in old), found.unreadable_dealers


def _done(keys: Keys) -> tuple[int, int, tuple[int, ...]]:
    rotation = keys.rotate()
    return rotation.client_secrets, rotation.tokens, rotation.unreadable_dealers


def _advice(use: KeyUse) -> str:
    if use.position == 1:
        return "keep: it encrypts whatever is new"
    return "may be removed" if use.removable else "run: twodrive keys rotate"


def _json(found: Status) -> dict[str, object]:
    return {
        "keys": [{**asdict(use), "removable": use.removable} for use in found.keys],
        "to_rotate": found.to_rotate,
        "unreadable_dealers": list(found.unreadable_dealers),
        "unreadable_tokens": found.unreadable_tokens,
    }


def _tell_unreadable(dealers: tuple[int, ...]) -> None:
    if dealers:
        raise Ended(
            Exit.CONFIGURATION,
            f"No key reads the client secret of dealer {', '.join(map(str, dealers))}.",
            "Put the key it was encrypted with into TWODRIVE_SECRET_KEYS, or set the secret again: "
            "twodrive dealers set DEALER_ID --new-client-secret.",
        )
