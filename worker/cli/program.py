"""The group `twodrive` and what all its commands share."""

import logging
import sys
from typing import Any

import click
import structlog

from schemas.texts import has_lone_surrogate
from worker.cli import (
    bulk,
    check,
    circuits,
    config,
    database,
    dealers,
    drift,
    exits,
    history,
    imports,
    keys,
    metrics,
    privacy,
    quarantine,
    requests,
    sandbox,
    why,
)
from worker.errors import TwoDriveError


class Program(click.Group):
    """Turns errors into two sentences and an exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Bytes that are no UTF-8 reach us as half surrogate pairs, which nothing that is asked can take."""
        for argument in args:
            if has_lone_surrogate(argument) or "\0" in argument:
                ctx.fail("An argument holds bytes that are no text in UTF-8.")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            # click ends quietly where the reader of a pipe has gone.
            if ctx.params["debug"] or isinstance(error, BrokenPipeError):
                raise
            if isinstance(error, TwoDriveError):
                raise exits.ended(error) from None
            raise exits.ended_unexpectedly(error) from None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), code.meaning) for code in exits.Exit])


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="twodrive-claire", prog_name="twodrive")
def program(debug: bool) -> None:
    """Brings workorders from 2Drive (Vinacles) into Claire's PostgreSQL.

    Settings come from the environment and from .env in the current folder: see `twodrive config`. Every
    command explains itself with --help.
    """


for _command in (
    config.group,
    database.group,
    dealers.group,
    keys.group,
    check.check,
    imports.import_workorder,
    imports.refresh_workorder,
    why.why,
    history.history,
    bulk.bulk,
    bulk.runs,
    quarantine.group,
    circuits.group,
    drift.group,
    privacy.purge,
    privacy.forget_person,
    requests.group,
    metrics.metrics,
    sandbox.simulate,
    sandbox.demo,
):
    program.add_command(_command)


def main() -> None:
    """The entry point: log lines go to standard error, warnings and worse only."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    program(prog_name="twodrive")
