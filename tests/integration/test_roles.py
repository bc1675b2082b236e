"""Each role can do all of its work, and nothing else: tried with users who have no other right."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from click.testing import CliRunner
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from sandbox.services import PASSWORD, Redis
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer, Secret
from schemas.messages import ImportRequest, MarkStarted
from schemas.outcome import Outcome
from schemas.workorder import workorder_id
from tests.integration.parts_on_simulator import dealer_on, running_simulator, settings_for
from tests.workorders import NOON
from worker.cli.program import program
from worker.deadline import Deadline
from worker.listing import SECONDS
from worker.retention import Retention
from worker.settings import Settings
from worker.store.columns import RunState
from worker.store.forgetting import by_name, forget
from worker.store.grants import BACKEND, GRANTS, OPERATOR, ROLES, WORKER
from worker.store.retention import RULES
from worker.store.starts import mark_started
from worker.store.tables import metadata
from worker.wiring import Parts, build

_numbers = itertools.count()


def test_each_table_has_a_decision_for_each_role() -> None:
    assert GRANTS.keys() == set(metadata.tables)
    for table, rights in GRANTS.items():
        assert rights.keys() == ROLES.keys(), table


@dataclass
class House:
    settings: Settings
    users: dict[str, str]
    simulator: SimulatorProcess

    def url(self, role: str) -> str:
        url = make_url(self.settings.database_url.reveal())
        return url.set(username=self.users[role]).render_as_string(hide_password=False)

    def parts(self, role: str) -> Parts:
        return build(replace(self.settings, database_url=Secret(self.url(role))))

    def run(self, role: str, statement: str) -> int:
        engine = create_engine(self.url(role), poolclass=NullPool)
        with engine.begin() as connection:
            return connection.execute(text(statement)).rowcount

    def refused(self, role: str, statement: str) -> bool:
        with pytest.raises(ProgrammingError) as caught:
            self.run(role, statement)
        return isinstance(caught.value.orig, InsufficientPrivilege)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=60) as simulator:
        yield simulator


@pytest.fixture
def house(
    database_url: str, redis_server: Redis, simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    settings = settings_for(database_url, redis_server)
    for name in ("database_url", "broker_url", "result_url", "state_url"):
        monkeypatch.setenv(f"TWODRIVE_{name.upper()}", getattr(settings, name).reveal())
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", settings.secret_keys[0].reveal())
    for _ in range(2):
        done = CliRunner().invoke(program, ["db", "roles", "--apply"])
        assert done.exit_code == 0, done.output
    engine = create_engine(database_url, poolclass=NullPool)
    users = {role: f"user_{next(_numbers)}_of_{role}" for role in ROLES}
    with engine.begin() as connection:
        for role, user in users.items():
            connection.execute(text(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}' IN ROLE {role}"))
    yield House(settings, users, simulator)
    with engine.begin() as connection:
        for user in users.values():
            connection.execute(text(f"DROP ROLE {user}"))


@pytest.fixture
def dealer(house: House) -> Dealer:
    """Added by an operator."""
    simulator = house.simulator
    simulator.admin.reset()
    dealer = dealer_on(simulator, import_new_in_bulk=True, requests_per_second=1000)
    parts = house.parts(OPERATOR)
    with parts.database.transaction() as transaction:
        assert parts.dealers.add(transaction, dealer)
        assert parts.dealers.change(transaction, 1, {"name": "Garage", "client_secret": Secret("x")})
        assert parts.dealers.change(transaction, 1, {"client_secret": dealer.connection.client_secret})
    parts.close()
    return dealer


@pytest.fixture
def filled(house: House, dealer: Dealer) -> House:
    """All that a worker does: bulk, search, start of work before and after the import, refresh."""
    parts = house.parts(WORKER)
    early = MarkStarted(1, workorder_id(1, known.COMPLETE_ID), NOON)
    with parts.database.transaction() as transaction:
        mark_started(transaction, early)
    found = parts.importer.search(ImportRequest(1, known.COMPLETE), "task", parts.interactive_deadline())
    assert [one.outcome for one in found.workorders] == [Outcome.CREATED]
    for changed in (False, True):
        if changed:
            house.simulator.admin.patch_rows("Workorder", {}, {"Mileage": 91_000})
        run_id = parts.bulk.start(1).run_id
        while (run := parts.bulk.work(run_id, "task", lambda _: None)) and run.state.is_open:
            pass
        assert run is not None
        assert run.state is RunState.DONE, run
    assert [due.dealer_id for due in parts.bulk.due()] in ([], [1])
    assert parts.listing.look_at_due(Deadline.after(SECONDS)) == {"listed": 1}
    with parts.database.transaction() as transaction:
        mark_started(transaction, replace(early, workorder_id=workorder_id(1, 999_999)))
        mark_started(transaction, replace(early, started_at=early.started_at.replace(hour=1)))
    parts.close()
    return house


def test_the_worker_does_all_of_its_work(filled: House) -> None:
    assert filled.run(OPERATOR, "SELECT FROM workorders WHERE work_started_at IS NOT NULL") == 1
    assert filled.run(OPERATOR, "SELECT FROM workorders") > 20
    assert filled.run(OPERATOR, "SELECT FROM workorder_changes") > 0


def test_the_worker_purges(filled: House) -> None:
    moments = {
        "import_attempts": "started_at",
        "workorder_changes": "changed_at",
        "refresh_runs": "finished_at",
        "early_work_starts": "started_at",
        "workorders": "appointment_at",
        "import_requests": "answered_at",
        "quarantine": "last_seen_at",
    }
    owner = create_engine(filled.settings.database_url.reveal(), poolclass=NullPool)
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO import_requests (dealer_id, kind, state, error_code, answered_at) "
                "VALUES (1, 'import', 'failed', 'x', now())"
            )
        )
        connection.execute(
            text(
                "INSERT INTO quarantine (dealer_id, subject, reason, trigger, since, last_seen_at) "
                "VALUES (1, 'rows/00', 'unreadable_number', 'bulk', now(), now())"
            )
        )
        for table, column in moments.items():
            connection.execute(text(f"UPDATE {table} SET {column} = {column} - interval '900 days'"))
    parts = filled.parts(WORKER)
    counts = Retention(parts.database, dict.fromkeys(RULES, 1)).purge(Deadline.after(60))
    parts.close()
    assert min(counts.values()) > 0, counts


def test_an_operator_forgets_and_looks(filled: House) -> None:
    parts = filled.parts(OPERATOR)
    with parts.database.transaction() as transaction:
        assert forget(transaction, 1, by_name("van der Berg"))["contacts"] > 0
    parts.close()
    assert filled.run(OPERATOR, "SELECT FROM twodrive_alembic_version") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)",
        "ALTER TABLE workorders ADD COLUMN mine text",
        "DROP TABLE contacts",
        "TRUNCATE import_attempts",
        "DELETE FROM workorders",
        "DELETE FROM contacts",
        "DELETE FROM interventions",
        "DELETE FROM dealers",
        "INSERT INTO dealers DEFAULT VALUES",
        "UPDATE dealers SET client_secret_encrypted = ''",
        "UPDATE dealers SET base_url = 'https://evil.example'",
        "UPDATE dealers SET keep_importing_after_start = true",
        "UPDATE workorders SET dealer_id = 2",
        "UPDATE contacts SET workorder_id = gen_random_uuid()",
        "UPDATE workorder_changes SET new = 'x'",
        "UPDATE import_attempts SET outcome = 'created'",
        "UPDATE twodrive_alembic_version SET version_num = 'x'",
        "SELECT * FROM claires_own",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_the_worker_cannot_touch_what_is_not_its_own(house: House, statement: str) -> None:
    owner = create_engine(house.settings.database_url.reveal(), poolclass=NullPool)
    with owner.begin() as connection:
        connection.execute(text("CREATE TABLE claires_own (a int)"))
    assert house.refused(WORKER, statement)
    assert house.refused(BACKEND, statement)


def test_the_backend_reads_and_says_that_work_has_started(filled: House) -> None:
    assert filled.run(BACKEND, "UPDATE workorders SET work_started_at = now()") > 20
    assert filled.run(BACKEND, "SELECT dealer_id, name, prices_include_vat FROM dealers") == 1
    asking = "INSERT INTO import_requests (dealer_id, kind, search) VALUES (1, 'import', 'x')"
    assert filled.run(BACKEND, asking) == 1
    assert filled.run(BACKEND, "SELECT id, state, result, error_code FROM import_requests") == 1
    for table in metadata.tables.keys() - {"dealers", "import_requests"}:
        assert filled.run(BACKEND, f"SELECT * FROM {table}") >= 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT client_secret_encrypted FROM dealers",
        "SELECT client_id FROM dealers",
        "SELECT search FROM import_requests",
        "UPDATE import_requests SET state = 'failed'",
        "INSERT INTO import_requests (dealer_id, kind, state) VALUES (1, 'import', 'answered')",
        "SELECT * FROM dealers",
        "UPDATE workorders SET make = 'x'",
        "UPDATE contacts SET phone = NULL",
        "INSERT INTO workorders DEFAULT VALUES",
        "INSERT INTO import_attempts DEFAULT VALUES",
        "DELETE FROM import_attempts",
        "INSERT INTO early_work_starts DEFAULT VALUES",
        "UPDATE refresh_runs SET state = 'done'",
    ],
)
def test_the_backend_changes_nothing_else(house: House, statement: str) -> None:
    assert house.refused(BACKEND, statement)


@pytest.mark.parametrize("statement", ["DELETE FROM dealers", "DELETE FROM workorders", "CREATE TABLE x ()"])
def test_an_operator_is_no_owner(house: House, statement: str) -> None:
    assert house.refused(OPERATOR, statement)
