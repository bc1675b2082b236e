"""A database with one dealer, and the short way to import into it."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import event, text

from schemas.dealer import Connection, Dealer, Secret
from schemas.decision import Decision, Fetched, Stored
from schemas.outcome import Outcome
from schemas.workorder import workorder_id
from tests.integration.store.ledger import Ledger
from tests.workorders import NOON, WORKORDER
from worker.policy import decide
from worker.store.dealers import Dealers
from worker.store.pages import Accepted, Lineage, LockedPage, Page
from worker.store.session import Database
from worker.store.tables import Trigger
from worker.store.workorders import card, store_page

DEALER = Dealer(
    dealer_id=7,
    name="Garage Noord",
    connection=Connection(
        "https://noord.example", "https://login.example/token", "noord", "claire", Secret("very secret")
    ),
    affiliates=(1, 2),
)
LINEAGE = Lineage(
    Trigger.SEARCH, NOON, requests=3, worker_version="1.2.3", request_id="click", task_id="task"
)
WORKORDER_ID = workorder_id(DEALER.dealer_id, WORKORDER.dms_number)
CHILDREN = ("interventions", "parts", "contacts")


@dataclass
class Store:
    """One dealer's store, used the way an import uses it. The policy decides unless `decision` is given."""

    database: Database
    dealers: Dealers
    dealer_id: int = DEALER.dealer_id

    @property
    def key(self) -> UUID:
        """Claire's id of the workorder that most tests use."""
        return workorder_id(self.dealer_id, WORKORDER.dms_number)

    def put(self, *answers: Fetched, decision: Decision | None = None) -> list[Outcome]:
        page = store_page(
            self.database,
            self.dealer_id,
            {answer.workorder.dms_number: answer.digest for answer in answers},
            self.deciding(answers, decision),
            LINEAGE,
        )
        return [item.decision.outcome for item in page if isinstance(item, Accepted)]

    def deciding(
        self, answers: Sequence[Fetched], decision: Decision | None = None
    ) -> Callable[[LockedPage], Page]:
        def of(page: LockedPage, answer: Fetched) -> Accepted:
            known = page.stored.get(answer.workorder.dms_number)
            return Accepted(answer, decision or decide(page.keep_importing, known, answer))

        return lambda page: [of(page, answer) for answer in answers]

    def card(self, key: UUID | None = None) -> Stored | None:
        with self.database.transaction() as connection:
            return card(connection, self.dealer_id, key or self.key)

    def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as connection:
            return [tuple(row) for row in connection.execute(text(query), parameters)]

    def run(self, statement: str, **parameters: object) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(statement), parameters)

    def start_work(self) -> None:
        self.run(
            "UPDATE workorders SET work_started_at = now() WHERE dealer_id = :dealer_id",
            dealer_id=self.dealer_id,
        )

    def keep_importing(self) -> None:
        with self.database.transaction() as connection:
            self.dealers.change(connection, self.dealer_id, {"keep_importing_after_start": True})

    def fingerprint(self) -> list[tuple[Any, ...]]:
        """Every byte of every imported row, with the versions of the rows themselves."""
        return [
            row
            for table in ("workorders", *CHILDREN)
            for row in self.rows(
                f"SELECT '{table}', ctid::text, xmin::text, t::text FROM {table} t ORDER BY id"
            )
        ]

    def content(self) -> list[tuple[Any, ...]]:
        """What Claire sees of this dealer: all values but ids, moments of writing and lineage."""
        header = (
            "dms_number, wo_number, affiliate_id, appointment_local, appointment_at, mileage_km, make, "
            "model, plate, plate_display, work_started_at, fetched_at, source_digest"
        )
        columns = {
            "interventions": "job_number, position, title, labor_price, parts_price, total_price",
            "parts": "job_number, line_id, position, reference_code, quantity, price",
            "contacts": "role, last_name, phone, phone_as_written, email",
        }
        rows = self.rows(
            f"SELECT row({header})::text FROM workorders WHERE dealer_id = :dealer_id ORDER BY dms_number",
            dealer_id=self.dealer_id,
        )
        for table, names in columns.items():
            rows += self.rows(
                f"SELECT row(w.dms_number, {names}, removed_at IS NOT NULL)::text FROM {table} t "
                "JOIN workorders w ON w.id = t.workorder_id WHERE w.dealer_id = :dealer_id ORDER BY 1",
                dealer_id=self.dealer_id,
            )
        return rows


@pytest.fixture
def cipher() -> MultiFernet:
    return MultiFernet([Fernet(Fernet.generate_key())])


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, "twodrive-tests")
    yield database
    database.close()


@pytest.fixture
def store(database: Database, cipher: MultiFernet) -> Store:
    dealers = Dealers(cipher)
    with database.transaction() as connection:
        dealers.add(connection, DEALER)
    return Store(database, dealers)


Stores = Callable[[], Store]


@pytest.fixture
def new_store(database: Database, cipher: MultiFernet) -> Stores:
    """Another dealer at each call, for the examples of a law."""
    dealers = Dealers(cipher)
    numbers = itertools.count(100)

    def make() -> Store:
        dealer_id = next(numbers)
        with database.transaction() as connection:
            dealers.add(connection, replace(DEALER, dealer_id=dealer_id))
        return Store(database, dealers, dealer_id)

    return make


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def statements_of(store: Store, work: Callable[[], object]) -> int:
    """How many statements `work` costs, in transactions of its own or one that is open."""
    seen: list[str] = []

    def note(_c: SqlConnection, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = store.database.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)
