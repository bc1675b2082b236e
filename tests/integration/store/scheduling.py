"""Dealers that are due, and what is started for them."""

from tests.integration.store.conftest import Store
from worker.schedule import turn_of
from worker.store.columns import RunState
from worker.store.due import claim_due, start_run
from worker.store.runs import (
    StartedRun,
)


def claimed(store: Store, limit: int = 1_000) -> list[int]:
    with store.database.transaction() as connection:
        return [run.dealer_id for run in claim_due(connection, limit, turn_of)]


def started(store: Store, dealer_id: int = 7) -> StartedRun:
    with store.database.transaction() as connection:
        return start_run(connection, dealer_id)


def end(store: Store, state: RunState = RunState.DONE) -> None:
    """Everything that is open ends now."""
    store.run(
        "UPDATE refresh_runs SET state = :state, finished_at = now(), lease_owner = NULL, lease_until = NULL "
        "WHERE finished_at IS NULL",
        state=state.value,
    )


def make_due(store: Store, ago: str = "1 minute") -> None:
    store.run("UPDATE dealers SET next_refresh_at = now() - CAST(:ago AS interval)", ago=ago)


def add_dealers(store: Store, count: int, first: int = 1000) -> None:
    """Each is due a minute after the one before; 1000 now."""
    store.run(
        "INSERT INTO dealers (dealer_id, name, base_url, token_url, audience, client_id, "
        "client_secret_encrypted, next_refresh_at) "
        "SELECT n, 'Garage', '', '', '', '', '', now() + make_interval(mins => n - 1000) "
        "FROM generate_series(:first, :first + :count - 1) n",
        first=first,
        count=count,
    )
