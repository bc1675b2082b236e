"""One probe for all workers: threads of several processes that ask at once, and one that is killed."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import text

from sandbox.processes import wait_until
from schemas.dealer import Connection, Dealer, Secret
from tests.integration.circuit_fleet import GATE
from worker.circuit import CLOSED, Circuit
from worker.errors import Trouble
from worker.store.circuits import Change, circuit_of, note_failure
from worker.store.dealers import Dealers
from worker.store.session import Database, Limits

THREADS = 8
NOWHERE = Connection(
    "https://noord.example", "https://login.example/token", "noord", "claire", Secret("very")
)


@dataclass
class Fleet:
    """Processes that say in files what became of their threads."""

    database_url: str
    key: str
    folder: Path
    stack: ExitStack
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, processes: int = 2) -> None:
        for _ in range(processes):
            log = self._log(len(self.processes)).open("wb")
            self.stack.enter_context(log)
            module = "tests.integration.circuit_fleet"
            command = [sys.executable, "-m", module, self.database_url, self.key, "7", str(THREADS)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log)
            self.stack.enter_context(process)
            self.stack.callback(process.kill)
            self.processes.append(process)
        wait_until(lambda: self.said()["ready"] == len(self.processes), 60, "the fleet")

    def ask(self) -> None:
        for process in self.processes:
            if process.stdin and not process.stdin.closed:
                process.stdin.write(b"go\n")
                process.stdin.close()

    def said(self) -> Counter[str]:
        return sum((self._words(number) for number in range(len(self.processes))), start=Counter())

    def until(self, **times: int) -> None:
        """Until each of these words has been said so many times, and no more often."""
        wait_until(lambda: {word: self.said()[word] for word in times} == times, 30, f"{times}")

    def kill_the_one_that_asks(self) -> None:
        [asking] = [number for number in range(len(self.processes)) if self._words(number)["asking"]]
        self.processes[asking].send_signal(SIGKILL)
        self.processes[asking].wait()

    def _words(self, number: int) -> Counter[str]:
        return Counter(self._log(number).read_text().split())

    def _log(self, number: int) -> Path:
        return self.folder / f"{number}.log"


@dataclass(frozen=True)
class Clinic:
    """Dealer 7, whose circuit is open and may be probed."""

    database: Database
    fleet: Fleet

    def circuit(self) -> Circuit:
        with self.database.transaction() as connection:
            return circuit_of(connection, 7)

    def sql(self, statement: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(statement))

    @contextmanager
    def gate_shut(self) -> Iterator[None]:
        """Whoever asks has no answer as long as this lasts."""
        with self.database.transaction() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": GATE})
            yield


@pytest.fixture
def clinic(database_url: str, tmp_path: Path) -> Iterator[Clinic]:
    key = Fernet.generate_key()
    dealers = Dealers(MultiFernet([Fernet(key)]))
    with ExitStack() as stack:
        # Whoever holds the gate shut waits for whole processes meanwhile.
        database = Database(database_url, "twodrive-tests", Limits(idle_in_transaction_seconds=0))
        stack.callback(database.close)
        with database.transaction() as connection:
            dealers.add(connection, Dealer(7, "Garage Testweg", NOWHERE))
            for _ in range(3):
                note_failure(connection, 7, Trouble.TIMEOUT, None, 0)
        clinic = Clinic(database, Fleet(database_url, key.decode(), tmp_path, stack))
        clinic.sql("UPDATE circuits SET probe_at = now()")
        yield clinic


def test_of_a_whole_fleet_one_asks(clinic: Clinic) -> None:
    fleet = clinic.fleet
    fleet.start()
    with clinic.gate_shut():
        fleet.ask()
        fleet.until(refused=2 * THREADS - 1, asking=1)
    wait_until(lambda: fleet.said()["answered"] == 1, 30, "the probe's answer")
    assert clinic.circuit() == CLOSED


def test_a_probe_that_was_killed_is_replaced_by_one(clinic: Clinic) -> None:
    fleet = clinic.fleet
    fleet.start()
    with clinic.gate_shut():
        # Given a process that dies with the probe in its hands
        fleet.ask()
        fleet.until(refused=2 * THREADS - 1, asking=1)
        fleet.kill_the_one_that_asks()
        # Then as long as its lease runs nobody else asks
        fleet.start()
        fleet.ask()
        fleet.until(refused=4 * THREADS - 1, asking=1)
        # When it has run out, one takes its place
        clinic.sql("UPDATE circuits SET probe_until = now()")
        fleet.start()
        fleet.ask()
        fleet.until(refused=6 * THREADS - 2, asking=2)
    wait_until(lambda: fleet.said()["answered"] == 1, 30, "the second probe's answer")
    assert clinic.circuit() == CLOSED


def test_failures_noted_at_once_are_all_counted_and_open_it_once(clinic: Clinic) -> None:
    clinic.sql("UPDATE circuits SET failures = 0, trouble = NULL, opened_at = NULL, probe_at = NULL")

    def note(_: int) -> Change:
        with clinic.database.transaction() as connection:
            return note_failure(connection, 7, Trouble.TIMEOUT, None, 0)

    with ThreadPoolExecutor(4) as pool:
        changes = list(pool.map(note, range(40)))
    assert clinic.circuit().failures == 40
    assert [change.after.failures for change in changes if change.opened] == [3]


def test_while_it_is_closed_everybody_asks(clinic: Clinic) -> None:
    fleet = clinic.fleet
    clinic.sql("UPDATE circuits SET failures = 0, trouble = NULL, opened_at = NULL, probe_at = NULL")
    fleet.start()
    with clinic.gate_shut():
        fleet.ask()
        wait_until(lambda: fleet.said()["asking"] == 2 * THREADS, 30, "everybody, since it is closed")
    wait_until(lambda: fleet.said()["answered"] == 2 * THREADS, 30, "the answers")
    assert clinic.circuit() == CLOSED
