"""What developers.md says about adding a warning is followed to the letter, in a copy of the sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT, blocks

DEVELOPERS = ROOT / "docs" / "developers.md"
_COPIED = ("docs", "schemas", "tasks", "tests", "worker", "sandbox")
#: Reads a workorder as the importer does, and says what it was warned of.
_IMPORTS_ONE = """
from schemas.reading import read_workorder
from tests.unit.schemas.invented import BRANCH, raw
print(*read_workorder(raw({"AppointmentDate": "2031-06-15T08:30:00"}), BRANCH).warnings)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in _COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "images", "*.svg")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("pyproject.toml", "celeryconfig.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A Python program that sees the copy alone."""
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=copy, env=env, capture_output=True, text=True, check=False
    )


def the_lists(copy: Path) -> subprocess.CompletedProcess[str]:
    lists = "tests/unit/schemas/test_closed_lists.py"
    return run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", lists)


def apply(copy: Path, patch: str) -> None:
    done = subprocess.run(
        ["git", "apply", "-"], cwd=copy, input=patch, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_warning_is_added_as_the_text_says(copy: Path) -> None:
    member, produced, row = blocks(DEVELOPERS, "diff")
    assert "appointment_far_ahead" not in run(copy, "-c", _IMPORTS_ONE).stdout
    apply(copy, member)
    # The text promises: "it fails for a member that nothing produces".
    assert the_lists(copy).returncode != 0
    apply(copy, produced)
    apply(copy, row)
    listed = the_lists(copy)
    assert listed.returncode == 0, listed.stdout
    told = run(copy, "-c", _IMPORTS_ONE)
    assert told.stdout.split() == ["appointment_far_ahead"], told.stderr
    assert run(copy, "docs/generate.py", "--check").returncode != 0
    assert run(copy, "docs/generate.py").returncode == 0
    assert "`appointment_far_ahead`" in (copy / "docs" / "answers.md").read_text("utf-8")
