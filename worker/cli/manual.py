"""The text of docs/cli.md, made from what `--help` says."""

from collections.abc import Iterator
from typing import Any

import click

from worker.cli.exits import Exit
from worker.cli.program import program

_WIDTH = 100
_INTRODUCTION = """\
# The command line `twodrive`

Made from what `--help` says. Answers go to standard output, progress and errors to standard error; `--json`
prints JSON alone. Errors are two sentences, what happened and what to do; `twodrive --debug …` adds the
traceback. Client secrets and passwords are never shown, and contacts only on a terminal.
"""


def manual() -> str:
    """All commands with their help, and the exit codes."""
    codes = "".join(f"| {int(code)} | {code.meaning} |\n" for code in Exit)
    table = f"## Exit codes\n\n| code | meaning |\n| --- | --- |\n{codes}"
    commands = (f"## {path}\n\n```text\n{text}\n```\n" for path, text in _helps())
    return "\n".join([_INTRODUCTION, table, *commands])


def _helps() -> Iterator[tuple[str, str]]:
    root = program.make_context("twodrive", [], resilient_parsing=True, terminal_width=_WIDTH)
    for context in _contexts(root):
        command = context.command
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield context.command_path, context.get_help()


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    command: Any = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child: Any = command.get_command(context, name)
            yield from _contexts(child.make_context(name, [], parent=context, resilient_parsing=True))
