"""`twodrive config`: what is set, what may be set, and new keys."""

import os
from dataclasses import dataclass

import click
from cryptography.fernet import Fernet
from environs import Env

from worker.cli import screen
from worker.cli.example import render
from worker.cli.help import Group, command, json_option
from worker.cli.masking import shown
from worker.environment import load
from worker.setting_kinds import Setting
from worker.settings import SETTINGS


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as it is shown: `value` is masked, `source` says where it comes from."""

    variable: str
    value: str
    source: str


@click.group("config", cls=Group)
def group() -> None:
    """Settings: TWODRIVE_… in the environment, in .env, or as files (TWODRIVE_…_FILE)."""


@command("show", "twodrive config show", "twodrive config show --json", group=group)
@json_option
def show(as_json: bool) -> None:
    """List all settings, where each comes from, secrets masked.

    Missing and wrong settings are listed all at once, with examples (exit code 3).
    """
    settings = load()
    dotenv = Env()
    dotenv.read_env(".env", recurse=False)
    rows = [
        Shown(setting.variable, shown(getattr(settings, setting.name)), _source(setting, dotenv))
        for setting in SETTINGS
    ]
    if as_json:
        screen.print_json({row.variable: {"value": row.value, "source": row.source} for row in rows})
        return
    table = screen.table("setting", "value", "from")
    for row in rows:
        table.add_row(*(screen.plain(text) for text in (row.variable, row.value, row.source)))
    screen.out().print(table)


@command("new-key", "twodrive config new-key", group=group)
def new_key() -> None:
    """Print a new key for TWODRIVE_SECRET_KEYS.

    Put it before the keys that are there: the first one encrypts, all of them decrypt.
    """
    click.echo(Fernet.generate_key().decode())


@command("example", "twodrive config example > .env", group=group)
def example() -> None:
    """Print all settings with what they are for, as a file to be filled in (.env.example)."""
    click.echo(render(), nl=False)


def _source(setting: Setting, dotenv: Env) -> str:
    """`dotenv` has read .env; the environment goes before it, a file before both."""
    for variable, source in ((f"{setting.variable}_FILE", "file, "), (setting.variable, "")):
        if variable in os.environ:
            return f"{source}environment"
        if dotenv.str(variable, None) is not None:
            return f"{source}.env"
    return "default"
