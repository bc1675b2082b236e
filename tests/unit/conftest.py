"""The command line in an empty folder, with complete settings where a test wants them."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.unit.cli.running import Run, run

#: Must never come out anywhere.
PASSWORD = "canary-pa55word"


@pytest.fixture
def twodrive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
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
