"""One stack of real processes for all acceptance tests; each test has a dealer of its own on it."""

from collections.abc import Generator, Iterator
from itertools import count

import pytest
from redis import Redis

from sandbox.demo.desk import Desk
from sandbox.processes import Program
from sandbox.services import temporary_folder
from sandbox.stack import Stack
from tests.acceptance.waiting import drop_bulk_waiting
from worker.wiring import Parts

_dealer_ids = count(100)
#: Lines of each program's log that are shown with a test that failed.
_SHOWN_LINES = 25


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the programs logged lately stands beside a failure."""
    report = yield
    stack = item.funcargs.get("stack") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(stack, Stack):
        for log in sorted(stack.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
            report.sections.append((f"the end of {log.name}", "\n".join(lines)))
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    # Pictures of these workers are shown to people, whose machines have other names than this one.
    with temporary_folder() as folder, Stack(folder, workorders=30, host="workshop") as stack:
        yield stack


@pytest.fixture(scope="session")
def worker(stack: Stack) -> Program:
    return stack.start_worker()


@pytest.fixture(scope="module")
def no_bulk_waiting(stack: Stack) -> None:
    """Whatever other tests left unfinished in the queues of bulk work is dropped."""
    drop_bulk_waiting(stack)


@pytest.fixture(scope="session")
def parts(stack: Stack) -> Iterator[Parts]:
    parts = stack.parts()
    yield parts
    parts.close()


@pytest.fixture
def desk(stack: Stack, worker: Program, parts: Parts) -> Iterator[Desk]:
    """A worker is consuming; the simulator is as new and no token is known."""
    stack.simulator.admin.reset()
    with Redis.from_url(stack.redis.url_of(2)) as tokens:
        tokens.flushdb()
    dealer = stack.add_dealer(next(_dealer_ids), "Garage Testweg")
    backend = stack.backend()
    yield Desk(dealer, backend, stack.simulator.admin, parts.database, parts.dealers)
    backend.close()
