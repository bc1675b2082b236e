"""An operator of docker-compose.yml who restores, with plain processes in place of containers."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.processes import Program, free_port
from sandbox.services import other_user, postgres_binaries
from tests import compose
from tests.acceptance.containers.as_processes import Containers
from tests.documents import Command

_TWODRIVE = (sys.executable, "-m", "worker.cli")


class ComposePostgres:
    """A server as the service `postgres` sets it up at its first start, and runs it; `exec` is within its
    container."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        service = compose.project()["services"]["postgres"]
        settings = service["environment"]
        self._health = service["healthcheck"]["test"]
        self.user, self.database = settings["POSTGRES_USER"], settings["POSTGRES_DB"]
        self.password = "sandbox"
        self._system_user = other_user()
        folder.chmod(0o777)
        self._binaries = postgres_binaries(folder, self._system_user)
        password = folder / "password"
        password.write_text(self.password)
        password.chmod(0o644)
        names = ("-U", self.user, "--pwfile", str(password), "--no-sync")
        self._as_server(
            "initdb", "-D", str(folder / "data"), *names, *settings["POSTGRES_INITDB_ARGS"].split()
        )
        program, *options = service["command"]
        # What the image says by its environment, and addresses of this machine.
        places = ("-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(self.port), "-k", str(folder))
        self.program = Program(
            "postgres",
            [str(self._binaries / program), *options, *places, "-c", "fsync=off"],
            folder / "postgres.log",
            user=self._system_user,
            cwd=folder,
        )
        self.program.wait_ready(self.healthy)
        created = self.exec(("createdb", f"--username={self.user}", self.database))
        assert created.returncode == 0, created.stderr

    @property
    def url(self) -> str:
        login = f"{self.user}:{self.password}"
        return f"postgresql+psycopg2://{login}@127.0.0.1:{self.port}/{self.database}"

    def exec(self, command: Sequence[str], given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """No password is at hand, as in the container."""
        return subprocess.run(
            [str(self._binaries / command[0]), *command[1:]],
            env={"PGHOST": str(self.folder), "PGPORT": str(self.port), "PATH": os.defpath},
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            check=False,
        )

    def healthy(self) -> bool:
        """Whether the service's own health check passes."""
        kind, *words = self._health
        assert kind == "CMD"
        return self.exec(words).returncode == 0

    def stop(self) -> int:
        """As the image says: who is connected is not waited for."""
        return self.program.stop(signal.SIGINT, seconds=30)

    def _as_server(self, program: str, *options: str) -> None:
        subprocess.run(
            [str(self._binaries / program), *options],
            check=True,
            capture_output=True,
            user=self._system_user,
            group=self._system_user,
            extra_groups=None if self._system_user is None else [],
            cwd=self.folder,
        )


class Operator:
    """Sits in `folder`, which has docker/secrets, and follows commands one by one.

    Of the services that Compose would start, `runs` are started here; that the others are up or not is
    written down. What is to be done within a container is done only where that container is there.
    """

    def __init__(
        self, folder: Path, postgres: ComposePostgres, containers: Containers, runs: Sequence[str]
    ) -> None:
        self.folder = folder
        self.postgres = postgres
        self.containers = containers
        self._names = runs
        self.running: dict[str, Program] = {}
        #: The services that are up, also those that nobody needs here.
        self.up: set[str] = set()
        (folder / "docker").mkdir(parents=True)
        (folder / "docker" / "secrets").symlink_to(containers.secrets)

    def follow(self, command: Command) -> None:
        """AssertionError where it fails, or nobody has said how to do it."""
        words, given, into = self._redirected(command)
        match words:
            case ("docker", "compose", "exec", "-T", "postgres", *inside):
                done = self.postgres.exec(inside, given)
                assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr.decode()}"
                if into is not None:
                    into.write_bytes(done.stdout)
            case ("docker", "compose", "exec", name, "twodrive", *inside):
                assert name in self.up, f"{name} is stopped: nothing can be done in it"
                self.twodrive(*inside, within=name)
            case ("docker", "compose", "stop", *names):
                self.up -= set(names)
                for name in [name for name in names if name in self.running]:
                    assert self.containers.stop(self.running.pop(name)) == 0
            case ("docker", "compose", "run", "--rm", name):
                once = self.containers.start(name)
                assert once.process.wait(timeout=60) == 0, once.tail()
            case ("docker", "compose", "run", "--rm", "--no-deps", name, "twodrive", *inside):
                self.twodrive(*inside, within=name)
            case ("docker", "compose", "up", "--detach"):
                self.up = {*compose.OURS} - {"migrate", "simulator"}
                for name in [name for name in self._names if name not in self.running]:
                    self._up(name)
            case ("cp", source, target):
                shutil.copy(self.folder / source, self.folder / target)
            case ("twodrive", *inside):
                # As the document says at its beginning.
                self.follow(("docker", "compose", "exec", "worker-interactive", "twodrive", *inside))
            case _:
                raise AssertionError(f"nobody has said how to do `{' '.join(command)}`")

    def _up(self, name: str) -> None:
        started = self.containers.start(name)
        started.wait_ready(lambda: self.containers.healthy(name))
        self.running[name] = started

    def twodrive(self, *words: str, within: str = "worker-interactive", given: str = "") -> str:
        """Within a container of ours; who asks Vinacles must be in a network that leads there."""
        outside = "outside" in self.containers.services[within]["networks"]
        assert outside or words[0] != "check", f"{within} has no way out to Vinacles"
        done = subprocess.run(
            [*_TWODRIVE, *words],
            env=self.containers.environment(within),
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"twodrive {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _redirected(self, command: Command) -> tuple[Command, bytes | None, Path | None]:
        if len(command) > 2 and command[-2] in "<>":
            file = self.folder / command[-1]
            reads = command[-2] == "<"
            return command[:-2], file.read_bytes() if reads else None, None if reads else file
        return command, None, None
