"""The demo, as somebody runs it; and that it fails loudly."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from signal import SIG_DFL, SIGHUP, SIGTERM, Signals, signal

import pytest
from rich.console import Console

from sandbox.demo.desk import Desk
from sandbox.demo.play import run
from sandbox.demo.scenes import SCENES, NotAsExpected, Scene, Shown
from sandbox.processes import Program


def test_every_scene_shows_what_it_should() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "demo"],
        env={**os.environ, "COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for scene in SCENES:
        assert scene.title in done.stdout
    for shown in ("Grote beurt", "OX 188D", "€ 587.84", "interventions.3.total_price", "no_labor_item"):
        assert shown in done.stdout
    assert f"{len(SCENES)} of {len(SCENES)} scenes as expected" in done.stdout


def test_a_scene_that_shows_otherwise_fails_the_demo() -> None:
    def otherwise(desk: Desk) -> Shown:
        raise NotAsExpected("outcome: expected 'created', saw 'held'")

    screen = StringIO()
    console = Console(file=screen, width=140)
    assert run(console, scenes=(*SCENES[:1], Scene("Otherwise", otherwise))) == 1
    said = screen.getvalue()
    assert "saw 'held'" in said
    assert "1 of 2 scenes as expected" in said


@pytest.fixture
def hangups_are_heard() -> Iterator[None]:
    """Whoever runs the tests by nohup hands down that they are not, and the demo keeps to it."""
    before = signal(SIGHUP, SIG_DFL)
    yield
    signal(SIGHUP, before)


@pytest.mark.usefixtures("hangups_are_heard")
@pytest.mark.parametrize("number", [SIGTERM, SIGHUP])
def test_whatever_ends_it_leaves_nothing_behind(number: Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "worker.cli", "demo", "--keep"]
    demo = Program("the demo", command, tmp_path / "demo.log")
    demo.wait_ready(lambda: "Left up" in demo.log.read_text(), 60)
    shown = demo.log.read_text()
    [folder] = set(re.findall(r"source (.+)/settings\.sh", shown))
    ports = {int(port) for port in re.findall(r"127\.0\.0\.1:([0-9]+)", shown)}
    assert len(ports) == 4
    assert demo.stop(number, 30) == 128 + number
    assert not Path(folder).exists()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
