"""Celery's own programs without usable settings."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.documents import ROOT
from worker.settings import SETTINGS


@pytest.mark.parametrize("program", ["worker", "beat", "inspect"])
def test_missing_settings_are_listed_without_a_traceback(program: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "celery", "--app=worker.app", program]
    environment = {"HOME": str(tmp_path), "TWODRIVE_BROKER_URL": "http://example.com"}
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


def test_traces_that_cannot_be_sent_are_told_before_a_worker_starts(tmp_path: Path) -> None:
    settings = {setting.variable: setting.example for setting in SETTINGS if setting.required}
    settings["TWODRIVE_SECRET_KEYS"] = Fernet.generate_key().decode()
    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    done = subprocess.run(
        [sys.executable, "-m", "celery", "--app=worker.app", "worker"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), **settings, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    error, what_to_do = done.stderr.splitlines()[-2:]
    assert error.startswith("Error: Traces")
    assert what_to_do.startswith("What to do: Set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf")


@pytest.mark.parametrize(
    ("broker", "is_redis"), [("rediss://broker/0", True), ("amqp://broker/claire", False)]
)
def test_rabbitmq_gets_no_option_of_redis(
    broker: str, is_redis: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        if setting.required:
            monkeypatch.setenv(setting.variable, setting.example)
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", Fernet.generate_key().decode())
    monkeypatch.setenv("TWODRIVE_BROKER_URL", broker)
    config = runpy.run_path(str(ROOT / "celeryconfig.py"))
    options = config["broker_transport_options"]
    assert ("visibility_timeout" in options, "confirm_publish" in options) == (is_redis, not is_redis)
    assert options["max_retries"] == 1
