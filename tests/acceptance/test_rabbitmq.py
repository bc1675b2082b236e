"""RabbitMQ as the broker, by settings alone. Runs where `rabbitmq-server` is installed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from celery import Celery

from sandbox.certificates import certificate
from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import CELERY, Stack
from schemas.dealer import Secret
from tests.acceptance import rabbitmq
from tests.acceptance.tls_front import tls_front
from worker.cli.exits import Ended
from worker.cli.queue import Queue
from worker.names import TaskName

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def broker_url() -> Iterator[str]:
    if rabbitmq.installed() is None:
        reason = "rabbitmq-server is not installed: RabbitMQ is not tried (apt-get install rabbitmq-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with temporary_folder() as folder, rabbitmq.running(folder) as url:
        yield url


@pytest.fixture
def env(broker_url: str, tmp_path: Path) -> dict[str, str]:
    """The one setting that differs, and where to tell the pulse."""
    return {"TWODRIVE_BROKER_URL": broker_url, "TWODRIVE_HEALTH_PATH": str(tmp_path / "health")}


@pytest.fixture
def at_rabbitmq(desk: Desk, broker_url: str, stack: Stack) -> Iterator[Desk]:
    """Claire's backend with another broker URL."""
    app = Celery("backend", broker=broker_url, backend=stack.redis.url_of(1))
    yield Desk(desk.dealer, app, desk.dms, desk.database, desk.dealers)
    app.close()


def test_people_are_served(at_rabbitmq: Desk, stack: Stack, env: dict[str, str]) -> None:
    options = ("-P", "threads", "-c", "4", "-Q", "interactive", "-n", "rabbit@%h", "--without-mingle")
    with stack.start("worker-rabbit", [*CELERY, "worker", *options], env) as worker:
        worker.wait_ready(lambda: _ready(env))
        found = only(at_rabbitmq.search("12bdf3"), outcome="created", wo_number=known.COMPLETE)
        only(at_rabbitmq.refresh(found["workorder_id"]), outcome="unchanged")
        with pytest.raises(Exception, match="message_invalid"):
            at_rabbitmq.search("")
        done = _twodrive(stack, env, "import", str(at_rabbitmq.dealer.dealer_id), known.COMPLETE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert worker.stop() == 0, worker.tail()


def test_a_search_that_nobody_takes_is_told(desk: Desk, stack: Stack, broker_url: str) -> None:
    with closing(stack.parts()) as parts:
        queue = Queue(replace(parts.settings, broker_url=Secret(broker_url)), expires_seconds=1)
    with closing(queue), pytest.raises(Ended, match="No worker took the request"):
        queue.ask(TaskName.IMPORT, {"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE})


def test_a_whole_dealer_is_refreshed(at_rabbitmq: Desk, stack: Stack, broker_url: str) -> None:
    env = {"TWODRIVE_BROKER_URL": broker_url}
    with stack.start_bulk_worker(name="bulk-at-rabbitmq", children=1, env=env):
        dealer = {"dealer_id": at_rabbitmq.dealer.dealer_id}
        asked = at_rabbitmq.backend.send_task("workorders.refresh_dealer", kwargs=dealer, queue="bulk")
        done = asked.get(timeout=60)
    assert (done["state"], done["seen"] > 0) == ("done", True)


def test_beat_is_well(stack: Stack, env: dict[str, str], tmp_path: Path) -> None:
    beat = stack.start("beat-rabbit", [*CELERY, "beat", "--schedule", str(tmp_path / "beat")], env)
    beat.wait_ready(lambda: _ready(env))
    assert beat.stop() == 0, beat.tail()


def test_metrics_leave_the_queues_to_rabbitmqs_own_exporter(stack: Stack, env: dict[str, str]) -> None:
    done = _twodrive(stack, env, "metrics", "--once")
    assert 'twodrive_source_up{source="postgresql"} 1.0' in done.stdout
    assert 'source="queues"' not in done.stdout


@pytest.mark.parametrize(
    ("presented", "trusted"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("elsewhere.example", "elsewhere.example"),
        ("127.0.0.1", "another.example"),
    ],
    ids=["proven", "host", "authority"],
)
def test_over_tls_it_must_prove_itself(
    at_rabbitmq: Desk,
    stack: Stack,
    broker_url: str,
    env: dict[str, str],
    tmp_path: Path,
    presented: str,
    trusted: str,
) -> None:
    """A front with a certificate of our own making, and RabbitMQ behind it."""
    files = certificate(tmp_path, presented)
    authority = files[0] if trusted == presented else certificate(tmp_path, trusted)[0]
    with tls_front(urlsplit(broker_url).port or 0, files) as port:
        over_tls = {
            **env,
            "TWODRIVE_BROKER_URL": f"amqps://guest:guest@127.0.0.1:{port}//",
            "TWODRIVE_SERVICE_CA_BUNDLE": str(authority),
        }
        options = ("-P", "threads", "-c", "1", "-Q", "interactive", "-n", "tls@%h", "--without-mingle")
        words = ("import", str(at_rabbitmq.dealer.dealer_id), known.COMPLETE)
        with stack.start(
            f"worker-tls-{presented}-{trusted}", [*CELERY, "worker", *options], over_tls
        ) as worker:
            if presented == trusted == "127.0.0.1":
                worker.wait_ready(lambda: _ready(over_tls))
                done = _twodrive(stack, over_tls, *words)
                assert done.returncode == 0, done.stdout + done.stderr
                return
            wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in worker.log.read_text(), 30, "it is refused")
            assert not _ready(over_tls)
            refused = _twodrive(stack, over_tls, *words)
            assert refused.returncode == 3, refused.stdout + refused.stderr
            assert "did not prove itself" in refused.stderr


def _twodrive(stack: Stack, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.cli", *words]
    return subprocess.run(command, env={**stack.env, **env}, capture_output=True, text=True, check=False)


def _ready(env: dict[str, str]) -> bool:
    program = str(Path(sys.executable).with_name("twodrive-health"))
    return subprocess.run([program, "ready"], env=env, capture_output=True, check=False).returncode == 0
