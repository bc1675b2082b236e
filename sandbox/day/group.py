"""The dealer group: its branches, the house that serves them, and its workers."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from redis import Redis
from sqlalchemy import text

from sandbox.connections import connection_to
from sandbox.day.tenant import Record, Tenant
from sandbox.processes import Program
from sandbox.simulator.running import SimulatorProcess
from sandbox.stack import Stack
from schemas.dealer import Dealer

#: The two branches of Noord share one tenant; Zuid has its own, which will be down for a while.
ZWOLLE, ASSEN, ZUID = 21, 22, 23


@dataclass(frozen=True)
class Branch:
    """A dealer as Claire knows it, and its Vinacles."""

    dealer: Dealer
    tenant: Tenant

    @property
    def dealer_id(self) -> int:
        return self.dealer.dealer_id

    @property
    def records(self) -> list[Record]:
        """The workorders of its affiliates, in Vinacles now."""
        own = self.dealer.affiliates
        return [r for r in self.tenant.records.values() if not own or r.header["AffiliateId"] in own]


class Group:
    """A context manager: branches and workers on a stack; the workers end with it."""

    def __init__(self, stack: Stack, workorders: int) -> None:
        self.stack = stack
        self._workorders = workorders

    def __enter__(self) -> Self:
        folder = self.stack.folder / "zuid"
        folder.mkdir()
        self._zuid = SimulatorProcess(folder, workorders=self._workorders // 2, seed=2)
        self.parts = self.stack.parts()
        self.backend = self.stack.backend()
        self.answers = Redis.from_url(self.stack.redis.url_of(1))
        noord, zuid = Tenant(self.stack.simulator), Tenant(self._zuid)
        self.branches = {
            ZWOLLE: self._branch(ZWOLLE, "Autogroep Noord, Zwolle", noord, affiliates=(1,)),
            ASSEN: self._branch(
                ASSEN, "Autogroep Noord, Assen en Emmen", noord, affiliates=(2, 3), import_new_in_bulk=True
            ),
            ZUID: self._branch(
                ZUID, "Garage Zuid, Breda", zuid, import_new_in_bulk=True, keep_importing_after_start=True
            ),
        }
        self._interactive = self.stack.start_worker()
        self._bulk = self.stack.start_bulk_worker(soft_stop=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answers.close()
        self.parts.close()
        self._zuid.stop()

    def deploy_people(self) -> float:
        """The worker for people is told to end by SIGTERM, whatever it is at, and started anew. Returns how
        many seconds its end took."""
        took = _ended(self._interactive)
        self._interactive = self.stack.start_worker()
        return took

    def deploy_bulk(self) -> float:
        """The same with the worker for bulk."""
        took = _ended(self._bulk)
        self._bulk = self.stack.start_bulk_worker(soft_stop=True)
        return took

    def all_due(self) -> None:
        """By the day's clock every branch is due for its refresh."""
        self.run("UPDATE dealers SET next_refresh_at = now()")

    def rows(self, statement: str, **parameters: object) -> list[Mapping[str, Any]]:
        with self.parts.database.transaction() as connection:
            return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]

    def run(self, statement: str, **parameters: object) -> None:
        with self.parts.database.transaction() as connection:
            connection.execute(text(statement), parameters)

    def _branch(self, dealer_id: int, name: str, tenant: Tenant, **fields: Any) -> Branch:
        dealer = Dealer(dealer_id, name, connection_to(tenant.simulator), **fields)
        with self.parts.database.transaction() as transaction:
            self.parts.dealers.add(transaction, dealer)
        return Branch(dealer, tenant)


def _ended(worker: Program) -> float:
    began = time.monotonic()
    worker.stop(seconds=45)
    return time.monotonic() - began
