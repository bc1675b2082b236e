"""Commands whose `--help` shows examples."""

from collections.abc import Callable
from typing import Any

import click

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]
_WHOLE_SENTENCE = 200


class Told(click.Command):
    """Listed with its whole first sentence, over two lines where it is long; click would cut it."""

    def get_short_help_str(self, limit: int = 45) -> str:
        return super().get_short_help_str(max(limit, _WHOLE_SENTENCE))


class Group(Told, click.Group):
    """Commands under one name."""


class Command(Told):
    """A command with examples, each a complete command line."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
            for example in self.examples:
                formatter.write(f"  {example}\n")


class SpeakingGroup(Command, click.Group):
    """A group that is a command as well, when none of its commands is named."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, invoke_without_command=True, **kwargs)


def command(
    name: str, *examples: str, group: click.Group | None = None
) -> Callable[[Function], click.Command]:
    """Make a function a command, of `group` where one is given."""
    make = group.command if group else click.command
    return make(name, cls=Command, examples=examples)


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order of `--help`."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
