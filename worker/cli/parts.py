"""The real things, for the time of one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker import log, wiring
from worker.cli.exits import Ended, Exit
from worker.environment import load
from worker.store.dealers import LoadedDealer
from worker.telemetry.wiring import telemetry
from worker.wiring import Parts


@contextmanager
def opened(*, service: bool = False) -> Iterator[Parts]:
    """A `service` runs for long: it has a log, and tells traces and incidents where settings ask for them."""
    settings = load()
    if service:
        log.set_up(settings)
    parts = wiring.build(settings, telemetry(settings) if service else None)
    try:
        yield parts
    finally:
        parts.close()


def dealer_of(parts: Parts, dealer_id: int) -> LoadedDealer:
    """Raises `Ended` when there is no such dealer."""
    with parts.database.transaction() as connection:
        loaded = parts.dealers.load(connection, dealer_id)
    if loaded is None:
        raise unknown_dealer(dealer_id)
    return loaded


def unknown_dealer(dealer_id: int) -> Ended:
    return Ended(
        Exit.NO,
        f"There is no dealer {dealer_id}.",
        "See who is there: twodrive dealers list. Add one: twodrive dealers add --help.",
    )
