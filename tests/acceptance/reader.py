"""Somebody who follows the documents, command by command, with the stack as their servers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import requests

from sandbox.processes import free_port
from sandbox.services import temporary_folder
from sandbox.stack import CELERY, Stack
from tests import compose, kubernetes
from tests.adding import copied
from tests.documents import ROOT, Command, make_targets
from tests.tools import installed

_TWODRIVE = (sys.executable, "-m", "worker.cli")

#: Commands that are not run at all, and why; the test fails for one that no document holds any more.
NOT_RUN = {
    "python3 -m venv venv": "needs a package index; .ci/run installs lock and wheel in a new environment",
    "venv/bin/pip install --require-hashes -r requirements/worker.lock": "the same",
    "venv/bin/pip install --no-deps .": "the same",
    ".ci/run": "runs these tests",
}

#: Commands that are looked at instead, by how they begin: at what, and why. All others are run.
LOOKED_AT = {
    "make": "the target exists, and `make -n` takes the command; most run all tests, or for minutes",
    "python -m pytest": "the tests are collected; others run them",
    "docker compose": "Compose reads command, options, services; there is no engine. `twodrive` in it is run",
    "kubectl": "files, objects and secrets exist; its options are not looked at. `twodrive` in it is run",
    "celery --app": "it is the command of a service of Compose, which is run by test_services.py",
}


class Reader:
    """Examples in the documents become real: `dealer_id` for 12, the simulator for Garage Noord's tenant."""

    def __init__(self, stack: Stack, folder: Path, dealer_id: int) -> None:
        self._stack = stack
        self._folder = folder
        simulator = stack.simulator
        self._instead = {
            "12": str(dealer_id),
            "https://noord.example": simulator.base_url,
            "https://login.example/oauth/token": simulator.token_url,
            "noord": simulator.audience,
            "claire": simulator.client_id,
        }
        (folder / "dealer-12.secret").write_text(simulator.client_secret)
        shutil.copy(ROOT / ".env.example", folder)
        shutil.copytree(ROOT / "docker", folder / "docker", ignore=shutil.ignore_patterns("secrets"))

    def follow(self, command: Command) -> None:
        """Run one command, or look at it as LOOKED_AT says; AssertionError where it does not work."""
        match command:
            case _ if " ".join(command) in NOT_RUN:
                return
            case ("make", target, *words):
                assert target in make_targets(), target
                self._run(["make", "-n", target, *words], ROOT)
            case ("twodrive-health", *words):
                self._health(words)
            case ("twodrive", "simulate", *words):
                port = str(free_port())
                simulate = [port if word == "8085" else word for word in self._real(words)]
                self._starts([*_TWODRIVE, "simulate", *simulate], '"base_url"')
            case ("curl", *words):
                curl = installed("curl", "commands to the simulator are not tried", "curl")
                self._run([curl, *map(self._sent, words)], self._folder)
            case ("twodrive", *words):
                self._run([*_TWODRIVE, *self._real(words)], self._folder)
            case ("docker", "compose", *words):
                _compose(words)
                self._inside(words)
            case ("kubectl", *words):
                _kubectl(words)
                if "--" in words:
                    self.follow(tuple(words[words.index("--") + 1 :]))
            case ("celery", "-A", "worker.app", "worker", *words):
                self._starts([*CELERY, "worker", *words], " ready.")
            case ("celery", first, *_) if first.startswith("--app"):
                services = compose.project()["services"].values()
                assert list(command) in [service.get("command") for service in services], (
                    "no service's command"
                )
            case ("python", "-m", "pytest", *words):
                self._run(
                    [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *words], ROOT
                )
            case ("python", script) if script.startswith("docs/"):
                # It writes into the sources, so in a copy of them; others compare what it writes.
                with temporary_folder() as folder:
                    done = copied(folder).run(script)
                    assert done.returncode == 0, done.stderr
            case ("python", *words):
                self._run([sys.executable, *words], ROOT)
            case ("cp", source, *_) if source.startswith("docker/secrets/"):
                compose.write_secrets(self._folder / "docker" / "secrets")
                self._run(command, self._folder)
            case ("cp" | "docker/new-secrets", *_):
                self._run(command, self._folder)
            case _:
                raise AssertionError(f"nobody has said how to try `{' '.join(command)}`")

    def _inside(self, words: Sequence[str]) -> None:
        """A program of ours within a container is run as well."""
        match list(words):
            case ["exec", service, *inside] | ["run", "--rm", "--no-deps", service, *inside]:
                if inside and inside[0].startswith("twodrive"):
                    assert service in compose.OURS, service
                    self.follow(tuple(inside))

    def _real(self, words: Sequence[str]) -> list[str]:
        return [self._instead.get(word, word) for word in words]

    def _sent(self, word: str) -> str:
        """To the stack's simulator, with a token of its own where the document speaks of one."""
        word = word.replace("http://127.0.0.1:8085", self._stack.simulator.base_url)
        return word.replace("$TOKEN", self._token()) if "$TOKEN" in word else word

    def _token(self) -> str:
        simulator = self._stack.simulator
        form = {
            "grant_type": "client_credentials",
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "audience": simulator.audience,
        }
        token: str = requests.post(simulator.token_url, data=form, timeout=10).json()["access_token"]
        return token

    def _run(self, command: Sequence[str], folder: Path) -> None:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self._environment(),
            input=f"{self._stack.simulator.client_secret}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"

    def _health(self, words: Sequence[str]) -> None:
        """Of a worker that consumes."""
        name = f"healthy-{words[0]}"
        worker = self._stack.start_worker(name=name)
        pulse = {"TWODRIVE_HEALTH_PATH": str(self._stack.folder / f"{name}.health")}
        program = str(Path(sys.executable).with_name("twodrive-health"))
        done = subprocess.run([program, *words], env=pulse, capture_output=True, text=True, check=False)
        assert (done.returncode, "consuming" in done.stdout) == (0, True), done.stdout
        worker.stop()

    def _starts(self, command: list[str], says: str) -> None:
        # A simulator tells its secret on purpose: who looks for secrets in logs leaves it out by its name.
        name = "simulator-as-documented" if "simulate" in command else "as-documented"
        program = self._stack.start(name, command)
        program.wait_ready(lambda: says in program.said())
        program.stop()

    def _environment(self) -> dict[str, str]:
        """Without what a `make` that runs these tests hands down to further ones."""
        ours = self._stack.env
        path = os.pathsep.join([str(Path(sys.executable).parent), ours["PATH"]])
        return {name: ours[name] for name in ours if not name.startswith(("MAKE", "MFLAGS"))} | {"PATH": path}


def _compose(words: Sequence[str]) -> None:
    """Compose itself reads the command, for an engine that is not there: a command, an option or a service
    that does not exist it refuses. Of profiles it takes any name."""
    services = compose.project()["services"]
    profiles = {name for service in services.values() for name in service.get("profiles", ())}
    if words[0] == "--profile":
        assert words[1] in profiles, words
    wrong = compose.refusal(*_without_redirection(words))
    assert wrong is None, f"docker compose {' '.join(words)}\n{wrong}"


def _without_redirection(words: Sequence[str]) -> Sequence[str]:
    return words[:-2] if len(words) > 2 and words[-2] in {"<", ">"} else words


def _kubectl(words: Sequence[str]) -> None:
    """A cluster is not needed by the tests; the files and objects that a command names must exist. Options
    are not looked at."""
    objects = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in kubernetes.objects()}
    for word in words:
        name, _, value = word.partition("=")
        if name == "--from-file":
            assert value.removeprefix("docker/secrets/") in compose.project()["secrets"], word
        elif word.startswith("docker/"):
            assert (ROOT / word).exists(), word
        elif word.startswith(("deploy/", "job/")):
            assert word.replace("deploy/", "deployment/") in objects, word
