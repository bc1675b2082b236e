"""The product's parts in this process, with dealers on a simulator of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography.fernet import Fernet

from sandbox.connections import connection_to
from sandbox.services import Postgres, Redis, temporary_folder
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer, Secret
from worker.bulk import SLICE_SECONDS, BulkRefresh
from worker.bulk_dates import Dateless
from worker.bulk_pages import PAGE_SECONDS, BulkPages
from worker.settings import Settings
from worker.store.migrations import upgrade
from worker.vinacles.bulk import BulkReader
from worker.wiring import Parts, build


@contextmanager
def running_simulator(workorders: int) -> Iterator[SimulatorProcess]:
    with temporary_folder() as folder:
        simulator = SimulatorProcess(folder, workorders=workorders)
        try:
            yield simulator
        finally:
            simulator.stop()


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """A server of its own, with our tables, that may be frozen."""
    with temporary_folder() as folder:
        server = Postgres(folder)
        upgrade(server.url)
        yield server
        server.thaw()
        server.stop()


@contextmanager
def parts_with(settings: Settings, *dealers: Dealer) -> Iterator[Parts]:
    """Nothing of what tests before took of the limits of a dealer with the same number counts any more."""
    parts = build(settings)
    parts.state.flushdb()
    try:
        add(parts, *dealers)
        yield parts
    finally:
        parts.close()


def add(parts: Parts, *dealers: Dealer) -> None:
    with parts.database.transaction() as connection:
        for dealer in dealers:
            assert parts.dealers.add(connection, dealer)


def dealer_on(simulator: SimulatorProcess, dealer_id: int = 1, **fields: Any) -> Dealer:
    return Dealer(dealer_id, "Garage Testweg", connection_to(simulator), **fields)


def bulk_of(
    parts: Parts, *, page_seconds: float = PAGE_SECONDS, slice_seconds: float = SLICE_SECONDS
) -> BulkRefresh:
    """Bulk refresh that is in more of a hurry than the wired one."""
    reader = BulkReader(parts.client)
    dateless = Dateless(parts.state)
    pages = BulkPages(
        parts.database, parts.dealers, reader, parts.importer, dateless, page_seconds=page_seconds
    )
    return BulkRefresh(parts.database, pages, parts.importer, slice_seconds=slice_seconds)


def settings_for(database_url: str, redis_server: Redis) -> Settings:
    """A key of its own, so that no token of another test is found."""
    return Settings(
        database_url=Secret(database_url),
        broker_url=Secret(redis_server.url_of(0)),
        result_url=Secret(redis_server.url_of(1)),
        state_url=Secret(redis_server.url_of(2)),
        secret_keys=(Secret(Fernet.generate_key().decode()),),
        ca_bundle=None,
        service_ca_bundle=None,
        allow_private_addresses=True,
        connect_timeout_seconds=3,
        read_timeout_seconds=10,
        interactive_deadline_seconds=20,
        interactive_threads=4,
        slice_seconds=20,
        database_pool_size=8,
        visibility_timeout_seconds=900,
        largest_message_kib=64,
        largest_answer_mib=16,
        look_at_columns_hours=24,
        log_level="info",
        log_format="json",
        keep_attempts_days=90,
        keep_changes_days=365,
        keep_runs_days=90,
        keep_early_starts_days=365,
        keep_requests_days=30,
        keep_quarantine_days=365,
        keep_contacts_days=0,
    )
