"""`twodrive db`: the tables in Claire's PostgreSQL."""

from collections.abc import Iterable
from dataclasses import asdict

import click
from alembic.util import CommandError

from worker.cli import parts, screen, server_findings
from worker.cli.exits import Ended, Exit
from worker.cli.finding_lines import shown
from worker.cli.findings import Finding, Level, worst
from worker.cli.help import Group, command, json_option
from worker.deadline import Deadline
from worker.environment import load
from worker.retry import RetryRule, retrying
from worker.store import grants, migrations, server

_PATIENT = RetryRule(
    base_seconds=0.5, cap_seconds=2, most_tries=10_000, few_tries=10_000, least_attempt_seconds=0
)


@click.group("db", cls=Group)
def group() -> None:
    """The tables in Claire's PostgreSQL, their versions, and the server itself."""


@command("upgrade", "twodrive db upgrade", "twodrive db upgrade --wait 60", group=group)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="Wait this long for a PostgreSQL that is still starting.",
)
def upgrade(wait_seconds: float) -> None:
    """Create the tables, or bring them to the version of this program.

    Harmless when nothing is to be done, and when two do it at the same time.
    """
    url = load().database_url.reveal()
    with screen.progress("Waiting for PostgreSQL"):
        before = retrying(lambda: migrations.current(url), _PATIENT, Deadline.after(wait_seconds))
    try:
        with screen.progress("Upgrading the tables"):
            after = migrations.upgrade(url)
    except CommandError:
        raise Ended(
            Exit.CONFIGURATION,
            f"The database is at version {before}, which this program does not know.",
            "Install the version of this program that the database was upgraded with, or a newer one.",
        ) from None
    if before == after:
        click.echo(f"The tables are at version {after} already; nothing was to be done.")
    else:
        click.echo(f"The tables were brought from {_said(before)} to version {after}.")


@command("current", "twodrive db current", "twodrive db current --json", group=group)
@json_option
def current(as_json: bool) -> None:
    """Show the version of the tables, and the one that this program needs."""
    url = load().database_url.reveal()
    has, needs = migrations.current(url), migrations.newest()
    if as_json:
        screen.print_json({"current": has, "newest": needs, "up_to_date": has == needs})
        return
    click.echo(f"The database is at {_said(has)}; this program needs version {needs}.")
    if has != needs:
        click.echo("Run: twodrive db upgrade")


@command("check", "twodrive db check", "twodrive db check --json", group=group)
@json_option
def check(as_json: bool) -> None:
    """Look over PostgreSQL: the tables' version, TLS, and whether its log would hold people's data.

    Each line says ok, warn or fail, and what to do. The log is judged by what holds for the user of
    TWODRIVE_DATABASE_URL. Exit code 1 says that at least one line says fail.
    """
    found = list(shown(_findings(), quiet=as_json))
    level = worst(found)
    if as_json:
        screen.print_json({"result": level, "lines": [asdict(finding) for finding in found]})
    if level is Level.FAIL:
        raise click.exceptions.Exit(Exit.FAILED)


def _findings() -> Iterable[Finding]:
    with parts.opened() as opened, opened.database.transaction() as connection:
        has = migrations.current_of(connection)
        link = server.link(connection)
        settings = server.settings(connection, server_findings.LOOKED_AT)
    yield server_findings.of_tables(has, migrations.newest())
    yield server_findings.of_link(link)
    yield server_findings.of_logged_failures(settings)
    yield server_findings.of_logged_statements(settings)


@command(
    "roles",
    "twodrive db roles",
    "twodrive db roles | psql claire",
    "twodrive db roles --apply",
    group=group,
)
@click.option("--apply", is_flag=True, help="Run it as the user of TWODRIVE_DATABASE_URL, instead.")
def roles(apply: bool) -> None:
    """Print SQL for roles with the least rights: twodrive_worker, twodrive_backend, twodrive_operator.

    It is for the owner of the tables, after each upgrade, and harmless to repeat. The roles cannot log in:
    grant them to users, for example CREATE ROLE worker LOGIN PASSWORD '…' IN ROLE twodrive_worker.
    """
    statements = grants.statements()
    if not apply:
        click.echo("BEGIN;\n" + "".join(f"{statement};\n" for statement in statements) + "COMMIT;")
        return
    with parts.opened() as opened, opened.database.transaction() as transaction:
        for statement in statements:
            transaction.exec_driver_sql(statement)
    click.echo(f"The roles {', '.join(grants.ROLES)} have their rights.")


def _said(version: str | None) -> str:
    return "no version (empty)" if version is None else f"version {version}"
