"""The command line in this process, on real services and the simulator of Vinacles."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from click.testing import Result
from redis import Redis
from structlog.testing import capture_logs

from sandbox.processes import Program
from sandbox.services import temporary_folder
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from tests.unit.cli.running import Run, run

_dealer_ids = count(1)


@pytest.fixture(scope="session")
def cli_stack() -> Iterator[Stack]:
    with temporary_folder() as folder, Stack(folder, workorders=5) as stack:
        yield stack


@pytest.fixture(scope="session")
def cli_worker(cli_stack: Stack) -> Program:
    return cli_stack.start_worker(threads=2)


@pytest.fixture(params=["--local", "queue"])
def how(request: pytest.FixtureRequest) -> list[str]:
    """The option that says how; both ways must come to the same."""
    if request.param == "--local":
        return ["--local"]
    assert isinstance(request.getfixturevalue("cli_worker"), Program)
    return []


@pytest.fixture
def dms(cli_stack: Stack) -> SimulatorAdmin:
    """The simulator as new; no token is known to anybody."""
    cli_stack.simulator.admin.reset()
    with Redis.from_url(cli_stack.redis.url_of(2)) as tokens:
        tokens.flushdb()
    return cli_stack.simulator.admin


@pytest.fixture
def twodrive(cli_stack: Stack, dms: SimulatorAdmin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """On the stack's services; no output ever holds a secret of theirs."""
    monkeypatch.chdir(tmp_path)
    for name, value in cli_stack.env.items():
        if name.startswith("TWODRIVE_"):
            monkeypatch.setenv(name, value)

    def discreet(*arguments: str, input: str | None = None) -> Result:
        # `main` sends log lines elsewhere; by default they would stand between the answers.
        with capture_logs():
            result = run(*arguments, input=input)
        for secret in (cli_stack.simulator.client_secret, cli_stack.env["TWODRIVE_SECRET_KEYS"], "canary"):
            assert secret not in result.output
        return result

    return discreet


@pytest.fixture
def new_id() -> str:
    """A dealer's number that nobody has."""
    return str(next(_dealer_ids))


@pytest.fixture
def dealer(cli_stack: Stack, twodrive: Run, new_id: str) -> str:
    """The number of a dealer whose Vinacles is the simulator."""
    simulator = cli_stack.simulator
    result = twodrive(
        *("dealers", "add", new_id, "--name", "Garage Testweg", "--base-url", simulator.base_url),
        *("--token-url", simulator.token_url, "--audience", simulator.audience),
        *("--client-id", simulator.client_id, "--client-secret-file", "-"),
        input=simulator.client_secret,
    )
    assert result.exit_code == 0, result.output
    return new_id
