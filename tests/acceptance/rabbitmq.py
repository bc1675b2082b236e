"""A RabbitMQ server of a test's own, where the program is installed."""

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from amqp import Connection
from amqp.exceptions import AMQPError

from sandbox.processes import Program, free_ports

#: Debian's program on the PATH insists on its own user and folders; this is what it starts.
_DEBIANS = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def installed() -> str | None:
    found = shutil.which("rabbitmq-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return str(_DEBIANS) if found and _DEBIANS.exists() else found


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its URL; user and virtual host are the server's first ones, which it lets in from loopback alone."""
    port, names, others = free_ports(3)
    env = {
        "PATH": f"{os.environ['PATH']}:/usr/sbin",
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"twodrive-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(others),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
    }
    # Otherwise the server starts one that outlives it.
    register = Program("epmd", ["epmd"], folder / "epmd.log", env, folder)
    register.wait_ready(lambda: _listens(names))
    server = Program("rabbitmq", [installed() or ""], folder / "rabbitmq.log", env, folder)
    try:
        server.wait_ready(lambda: _lets_in(port), seconds=90)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        server.stop(seconds=30)
        register.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lets_in(port: int) -> bool:
    try:
        with Connection(f"127.0.0.1:{port}", connect_timeout=2):
            return True
    except (OSError, AMQPError):
        return False
