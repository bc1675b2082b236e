"""Celery's own programs without usable settings."""

import subprocess
import sys
from pathlib import Path

import pytest

from worker.settings import SETTINGS


@pytest.mark.parametrize("program", ["worker", "beat", "inspect"])
def test_missing_settings_are_listed_without_a_traceback(program: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "celery", "--app=worker.app", program]
    environment = {"HOME": str(tmp_path), "TWODRIVE_BROKER_URL": "amqp://example.com"}
    arguments = ["ping"] if program == "inspect" else []
    done = subprocess.run(
        command + arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for setting in SETTINGS:
        assert (setting.variable in done.stderr) is setting.required, setting.variable
    assert "must start with redis://" in done.stderr
    assert ".env.example" in done.stderr
