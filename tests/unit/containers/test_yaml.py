"""yamllint reads every YAML file: no key twice, no indentation that only looks right."""

import subprocess
from pathlib import Path

import pytest

from tests.documents import ROOT
from tests.tools import installed

# Lines may be as long as ours are elsewhere; braces have spaces where they hold several things.
_RULES = (
    "{extends: default, rules: {line-length: {max: 220}, document-start: disable, "
    "braces: {max-spaces-inside: 1}, comments: {min-spaces-from-content: 1}}}"
)


@pytest.fixture(scope="module")
def yamllint() -> str:
    return installed("yamllint", "YAML is not linted", "yamllint")


def _lint(yamllint: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [yamllint, "--strict", "--format", "parsable", "-d", _RULES, *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_linter_has_nothing_to_say(yamllint: str) -> None:
    files = [path for ending in ("yml", "yaml") for path in ROOT.glob(f"docker/**/*.{ending}")]
    assert len(files) >= 7
    done = _lint(yamllint, *ROOT.glob("*.yml"), *files)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ("    restart: always\n", "    restart: always\n    restart: always\n", "key-duplicates"),
        ("    restart: always\n", "    restart: always \n", "trailing-spaces"),
        ('    restart: "no"\n', "    restart: no\n", "truthy"),
    ],
)
def test_the_linter_notices_a_mistake(
    yamllint: str, right: str, wrong: str, rule: str, tmp_path: Path
) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert right in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(right, wrong, 1))
    done = _lint(yamllint, broken)
    assert done.returncode != 0
    assert f"({rule})" in done.stdout
