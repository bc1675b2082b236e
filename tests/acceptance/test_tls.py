"""Redis over TLS, with real programs: a server that proves itself is used, any other refused."""

from pathlib import Path

import pytest
from redis import Redis

from sandbox.certificates import certificate
from sandbox.demo.desk import Desk
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.acceptance.tls_front import tls_front
from worker.errors import ConfigurationError
from worker.redis_client import shared_memory
from worker.tls import verified_redis


def _urls(stack: Stack, port: int) -> dict[str, str]:
    plain = {"BROKER": 0, "RESULT": 1, "STATE": 2}
    return {
        f"TWODRIVE_{name}_URL": stack.redis.url_of(number)
        .replace("redis://", "rediss://")
        .replace(f"127.0.0.1:{stack.redis.port}", f"localhost:{port}")
        for name, number in plain.items()
    }


@pytest.mark.usefixtures("no_bulk_waiting")
def test_a_worker_serves_over_tls(desk: Desk, stack: Stack, tmp_path: Path) -> None:
    files = certificate(tmp_path, "localhost")
    with tls_front(stack.redis.port, files) as port:
        env = {**_urls(stack, port), "TWODRIVE_SERVICE_CA_BUNDLE": str(files[0])}
        with stack.start_shared_worker("maintenance", name="over-tls", env=env):
            arguments = {"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE}
            # Nobody but this worker listens there.
            sent = desk.backend.send_task("workorders.import", kwargs=arguments, queue="maintenance")
            [found] = sent.get(timeout=40)["workorders"]
        assert found["outcome"] == "created"


@pytest.mark.parametrize(
    ("presented", "trusted"),
    [("localhost", "another"), ("elsewhere", "elsewhere")],
    ids=["authority", "host"],
)
def test_another_server_is_refused(stack: Stack, tmp_path: Path, presented: str, trusted: str) -> None:
    (tmp_path / "trusted").mkdir()
    files = certificate(tmp_path, presented)
    authorities = files if presented == trusted else certificate(tmp_path / "trusted", "localhost")
    with tls_front(stack.redis.port, files) as port:
        url = verified_redis(_urls(stack, port)["TWODRIVE_STATE_URL"], str(authorities[0]))
        with (
            Redis.from_url(url, socket_timeout=5) as client,
            pytest.raises(ConfigurationError, match="did not prove itself"),
            shared_memory(),
        ):
            client.ping()
