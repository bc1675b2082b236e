"""The whole house on one machine: PostgreSQL, Redis, the simulator, workers and Flower, as real processes."""

import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from celery import Celery
from cryptography.fernet import Fernet

from sandbox.connections import connection_to
from sandbox.processes import Program, free_port
from sandbox.services import Postgres, Redis
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer
from worker.environment import load
from worker.health import Health, health_of
from worker.store.migrations import upgrade
from worker.wiring import Parts, build

CELERY = (sys.executable, "-m", "celery", "-A", "worker.app")
_QUIET = ("--without-gossip", "--without-mingle")


class Stack:
    """A context manager: everything that was started inside it has ended when it is left.

    `env` is the environment in which the product's own programs run; `durable`: PostgreSQL keeps what is
    committed also when it is killed; `host` is how workers name their machine, by default as it calls itself;
    `everywhere` is added to the environment of these programs, of PostgreSQL and of Redis.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workorders: int = 200,
        seed: int = 1,
        latency_ms: int = 0,
        durable: bool = False,
        host: str = "%h",
        everywhere: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._durable = durable
        self._host = host
        self._everywhere = dict(everywhere or {})
        self.flower_login = ("operator", secrets.token_urlsafe(12))
        self._simulator_options = {"workorders": workorders, "seed": seed, "latency_ms": latency_ms}
        self._key = Fernet.generate_key().decode()
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.postgres = Postgres(self._room("postgres"), durable=self._durable, env=self._everywhere)
            starting.callback(self.postgres.stop)
            self.redis = Redis(self._room("redis"), env=self._everywhere)
            starting.callback(self.redis.stop)
            self.simulator = SimulatorProcess(self._room("simulator"), **self._simulator_options)
            starting.callback(self.simulator.stop)
            self.database_url = self.postgres.url
            upgrade(self.database_url)
            self.env = {**_inherited(os.environ), **self._settings(), **self._everywhere}
            self._exit = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def start_worker(
        self, *, name: str = "interactive", threads: int = 8, env: Mapping[str, str] | None = None
    ) -> Program:
        """A real worker on the queue `interactive`; returns when it consumes."""
        return self._worker(name, "-P", "threads", "-c", str(threads), "-Q", "interactive", env=env)

    def start_bulk_worker(
        self,
        *,
        name: str = "bulk",
        children: int = 2,
        soft_stop: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> Program:
        """A real worker on the queues `bulk` and `maintenance`; returns when it consumes. With `soft_stop` a
        SIGTERM has it put running tasks back into the queue, as in docker-compose.yml."""
        remap = {"REMAP_SIGTERM": "SIGQUIT"} if soft_stop else {}
        options = ("-P", "prefork", "-c", str(children), "-Q", "bulk,maintenance")
        return self._worker(name, *options, env={**remap, **(env or {})})

    def start_shared_worker(self, queues: str, *, name: str, env: Mapping[str, str] | None = None) -> Program:
        """A real worker with one thread for these queues, which takes no message before it is free."""
        options = ("-P", "threads", "-c", "1", "-Q", queues, "--disable-prefetch")
        return self._worker(name, *options, env=env)

    def start_requests(self, *, name: str = "requests", env: Mapping[str, str] | None = None) -> Program:
        """A real server of the table `import_requests`; returns when it looks for rows."""
        server = self.start(name, [sys.executable, "-m", "worker.cli", "requests", "serve"], env)
        server.wait_ready(lambda: "import_requests_serving" in server.said())
        return server

    def health(self, name: str) -> Health:
        """What `twodrive-health` says of a worker."""
        return health_of(self._pulse(name), time.monotonic())

    def _worker(self, name: str, *options: str, env: Mapping[str, str] | None = None) -> Program:
        command = [*CELERY, "worker", *options, "-n", f"{name}@{self._host}", *_QUIET]
        self._pulse(name).unlink(missing_ok=True)
        pulse = {"TWODRIVE_HEALTH_PATH": str(self._pulse(name))}
        worker = self.start(f"worker-{name}", command, {**pulse, **(env or {})})
        # Its log may hold an earlier worker of this name; a pulse only comes once it consumes.
        worker.wait_ready(self._pulse(name).exists)
        return worker

    def _pulse(self, name: str) -> Path:
        return self.folder / f"{name}.health"

    def start_flower(self, *, name: str = "flower") -> tuple[Program, str]:
        """Flower behind basic authentication (`flower_login`); returns it and its URL."""
        port = free_port()
        login = ":".join(self.flower_login)
        options = (f"--conf={_module_file('flowerconfig')}", f"--port={port}", "--address=127.0.0.1")
        flower = self.start(name, [*CELERY, "flower", *options], {"FLOWER_BASIC_AUTH": login})
        url = f"http://127.0.0.1:{port}/flower"
        flower.wait_ready(lambda: _answers(f"{url}/healthcheck"))
        return flower, url

    def start(self, name: str, command: list[str], env: Mapping[str, str] | None = None) -> Program:
        """Start one of the product's programs; it is stopped with the stack."""
        program = Program(
            name, command, self.folder / f"{name}.log", {**self.env, **(env or {})}, self.folder
        )
        self._exit.callback(program.stop)
        return program

    def backend(self, broker_database: int = 0) -> Celery:
        """A Celery application as Claire's backend has it: URLs and JSON, nothing of ours."""
        broker = self.redis.url_of(broker_database)
        producer = Celery("backend", broker=broker, backend=self.redis.url_of(1))
        self._exit.callback(producer.close)
        return producer

    def parts(self) -> Parts:
        """The product's own parts, in this process, on the stack's services."""
        with _environment(self._settings()):
            return build(load())

    def add_dealer(self, dealer_id: int, name: str, **fields: Any) -> Dealer:
        """A dealer whose Vinacles is the simulator."""
        dealer = Dealer(dealer_id, name, connection_to(self.simulator), **fields)
        parts = self.parts()
        try:
            with parts.database.transaction() as transaction:
                parts.dealers.add(transaction, dealer)
        finally:
            parts.close()
        return dealer

    def write_settings(self) -> Path:
        """A file for a shell: `source` it, and `twodrive` works on this stack."""
        path = self.folder / "settings.sh"
        path.write_text("".join(f"export {name}='{value}'\n" for name, value in self._settings().items()))
        return path

    def _settings(self) -> dict[str, str]:
        return {
            "TWODRIVE_DATABASE_URL": self.database_url,
            "TWODRIVE_BROKER_URL": self.redis.url_of(0),
            "TWODRIVE_RESULT_URL": self.redis.url_of(1),
            "TWODRIVE_STATE_URL": self.redis.url_of(2),
            "TWODRIVE_SECRET_KEYS": self._key,
            # The simulator is on this machine.
            "TWODRIVE_ALLOW_PRIVATE_ADDRESSES": "true",
            "TWODRIVE_LOG_FORMAT": "json",
        }

    def _room(self, name: str) -> Path:
        room = self.folder / name
        room.mkdir(exist_ok=True)
        return room


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """The settings as environment variables of this process, for a moment."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without settings of this product or of Flower."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("TWODRIVE_", "FLOWER_", "CELERY_"))
    }


def _module_file(name: str) -> str:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed")
    return spec.origin


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False
