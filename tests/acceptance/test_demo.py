"""The demo, as somebody runs it; and that it fails loudly."""

import os
import subprocess
import sys
from io import StringIO

from rich.console import Console

from sandbox.demo.desk import Desk
from sandbox.demo.play import run
from sandbox.demo.scenes import SCENES, NotAsExpected, Scene, Shown


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
