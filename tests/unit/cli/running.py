"""The command line in this process."""

from collections.abc import Callable

from click.testing import CliRunner, Result

from worker.cli.program import program

Run = Callable[..., Result]


def run(*arguments: str, input: str | None = None) -> Result:
    """`run("config", "show")`; `input` is what is typed. Output goes to a pipe, not a terminal."""
    return CliRunner().invoke(program, list(arguments), input=input, prog_name="twodrive")
