"""`twodrive requests`: rows of `import_requests`, worked off and looked at."""

import signal

import click

from schemas.arguments import MAX_DEALER_ID
from worker import wiring
from worker.cli import parts, screen
from worker.cli.help import Group, command, json_option
from worker.heartbeat import Heartbeat
from worker.serving import Server
from worker.store.request_tables import RequestState
from worker.store.requests import ListedRequest, listed


@click.group("requests", cls=Group)
def group() -> None:
    """Requests that Claire's backend writes to PostgreSQL (table import_requests)."""


@command("serve", "twodrive requests serve", "twodrive requests serve --threads 4", group=group)
@click.option(
    "--threads",
    type=click.IntRange(1, 200),
    metavar="COUNT",
    help="Requests worked on at the same time; by default TWODRIVE_INTERACTIVE_THREADS.",
)
def serve(threads: int | None) -> None:
    """Work off requests until stopped, within a second of being written.

    Any number may run beside each other. While PostgreSQL is away, or Redis, which has the tokens for
    Vinacles, requests wait; none is lost. SIGTERM or Ctrl-C ends it when the requests under way are
    answered; what a killed one had begun is taken up by another, or after its restart.
    """
    with parts.opened(service=True) as opened:
        at_once = threads or opened.settings.interactive_threads
        pulse = Heartbeat(opened.settings.health_path, "requests", asks="PostgreSQL")
        server = Server(opened.requests, wiring.listener(opened.settings), at_once, pulse)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        server.serve()


@command(
    "list",
    "twodrive requests list",
    "twodrive requests list --dealer 12 --state failed --state dropped",
    "twodrive requests list --json",
    group=group,
)
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in RequestState]),
    multiple=True,
    help="Only these; may be repeated.",
)
@click.option("--dealer", "dealer_id", type=click.IntRange(1, MAX_DEALER_ID), help="Only this dealer's.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most this many."
)
@json_option
def list_requests(states: tuple[str, ...], dealer_id: int | None, limit: int, as_json: bool) -> None:
    """Show requests, the newest first, without what was searched and found.

    TRIES counts tries whose end was not heard, the one under way included: after 3 a request has failed.
    """
    chosen = [RequestState(state) for state in states] or None
    with parts.opened() as opened, opened.database.transaction() as connection:
        found = listed(connection, chosen, dealer_id, limit)
    if as_json:
        screen.print_json([_plain(request) for request in found])
        return
    if not found:
        screen.out().print("There is no such request.")
        return
    table = screen.table("id", "dealer", "kind", "state", "tries", "asked", "answered", "error", "what to do")
    for request in found:
        table.add_row(*(screen.plain(cell) for cell in _cells(request)))
    screen.out().print(table)


def _cells(request: ListedRequest) -> tuple[str, ...]:
    return (
        str(request.id),
        str(request.dealer_id),
        "(unknown)" if request.kind is None else request.kind.value,
        request.state.value,
        str(request.tries),
        screen.utc(request.asked_at),
        "" if request.answered_at is None else screen.utc(request.answered_at),
        request.error_code or "",
        (request.error_code and request.next_step) or "",
    )


def _plain(request: ListedRequest) -> dict[str, object]:
    moments = ("asked_at", "answer_by", "try_at", "answered_at")
    told = ("id", "dealer_id", "kind", "tries", "error_code", "error_text", "next_step")
    return (
        {name: getattr(request, name) for name in told}
        | {"state": request.state.value}
        | {name: at.isoformat() if (at := getattr(request, name)) else None for name in moments}
    )
