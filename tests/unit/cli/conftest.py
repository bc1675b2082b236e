"""The command line in this process, in an empty folder, with complete settings where a test wants them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from worker.cli.program import program

Run = Callable[..., Result]
#: Must never come out anywhere.
PASSWORD = "canary-pa55word"


@pytest.fixture
def twodrive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """`twodrive("config", "show")` runs the command line; `input` is what is typed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(program, list(arguments), input=input, prog_name="twodrive")

    return run


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """All required settings, set; nothing listens at their addresses."""
    chosen = {
        "TWODRIVE_DATABASE_URL": f"postgresql+psycopg2://claire:{PASSWORD}@127.0.0.1:1/claire",
        "TWODRIVE_BROKER_URL": f"redis://:{PASSWORD}@127.0.0.1:1/0",
        "TWODRIVE_RESULT_URL": f"redis://:{PASSWORD}@127.0.0.1:1/1",
        "TWODRIVE_STATE_URL": f"redis://:{PASSWORD}@127.0.0.1:1/2",
        "TWODRIVE_SECRET_KEYS": Fernet.generate_key().decode(),
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen
