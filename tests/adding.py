"""A copy of the project in which somebody follows docs/adding.md, block by block."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.documents import ROOT, steps

ADDING = ROOT / "docs" / "adding.md"
_COPIED = ("benchmarks", "docs", "sandbox", "schemas", "tasks", "tests", "worker")
_FILES = ("README.md", "celeryconfig.py", "pyproject.toml")
_VERSIONS = Path("worker", "store", "migrations", "versions")


@dataclass(frozen=True)
class Copy:
    """What runs in it sees the copy alone."""

    folder: Path

    def follow(self, section: str) -> None:
        """Do what a section shows: apply its patches, write its files."""
        done = steps(ADDING, section)
        assert done, section
        for info, content in done:
            self.step(info, content)

    def step(self, info: str, content: str) -> None:
        """One block: a patch, or the file that it is named after."""
        language, _, path = info.partition(" ")
        if info == "diff":
            self._apply(content)
        else:
            assert (language, bool(path)) == ("python", True), info
            (self.folder / path).write_text(self._numbered(content), "utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A Python program."""
        env = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )

    def passes(self, *tests: str) -> subprocess.CompletedProcess[str]:
        """The copy's own tests; zero says that they do."""
        return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests)

    def renew_documents(self) -> None:
        done = self.run("docs/generate.py")
        assert done.returncode == 0, done.stderr

    def _apply(self, patch: str) -> None:
        done = subprocess.run(
            ["git", "apply", "-"], cwd=self.folder, input=patch, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stderr}{patch}"

    def _numbered(self, content: str) -> str:
        """0099 stands for the newest migration."""
        newest = max(path.name[:4] for path in (self.folder / _VERSIONS).glob("0*.py"))
        return re.sub(r'(?<=^down_revision = ")0099(?="$)', newest, content, flags=re.MULTILINE)


def copied(folder: Path) -> Copy:
    """The sources as they stand, without what is built or large."""
    ignored = shutil.ignore_patterns("__pycache__", "images", "*.svg", "*.html")
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in _FILES:
        shutil.copy(ROOT / name, folder)
    return Copy(folder)
