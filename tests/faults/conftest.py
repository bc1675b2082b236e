"""One house of real processes that the faults break and leave whole; the table at the end."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.services import temporary_folder
from sandbox.stack import Stack
from tests.faults.clock import Clock, NoCompiler
from tests.faults.clocked import Place
from tests.faults.house import House
from tests.faults.own_place import OwnPlace, own_place
from tests.faults.report import Fault, table, write

_FAULTS = pytest.StashKey[list[Fault]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", metavar="FILE", help="write the table of faults between FILE's marks")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FAULTS] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    faults = config.stash[_FAULTS]
    if not faults:
        return
    terminalreporter.section("faults")
    terminalreporter.write(table(faults))
    document: str | None = config.getoption("--fault-table")
    if document:
        write(Path(document), faults)


@pytest.fixture
def fault(pytestconfig: pytest.Config) -> Callable[[str, str, float], Fault]:
    """Begin a row: name, what is expected, bound in seconds."""

    def begin(name: str, expected: str, bound: float) -> Fault:
        row = Fault(name, expected, bound)
        pytestconfig.stash[_FAULTS].append(row)
        return row

    return begin


@pytest.fixture(scope="session")
def whole_house() -> Iterator[House]:
    with temporary_folder() as folder, Stack(folder, workorders=30, durable=True) as stack:
        house = House(stack)
        yield house
        house.close()


@pytest.fixture
def house(whole_house: House) -> House:
    """Everything is up, the simulator is as new, and no run is open."""
    whole_house.tidy()
    return whole_house


@pytest.fixture
def own() -> Iterator[OwnPlace]:
    with own_place() as own:
        yield own


@pytest.fixture(scope="module")
def clocked() -> Iterator[Place]:
    with temporary_folder() as folder:
        try:
            clock = Clock(folder)
        except NoCompiler:
            pytest.skip("the clock is built by a C compiler (`cc`), and there is none")
        with Stack(folder, workorders=30, durable=True, everywhere=clock.env) as stack:
            house = House(stack)
            yield Place(house, clock)
            house.close()


@pytest.fixture
def place(clocked: Place) -> Iterator[Place]:
    """By a right clock, with workers that have seen no jump."""
    clocked.clock.set(datetime.now(UTC))
    clocked.house.tidy()
    yield clocked
    for name in ("interactive", "bulk"):
        clocked.house.end(name)
