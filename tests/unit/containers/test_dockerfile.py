"""Dockerfile and .dockerignore: pinned, hashed, without privileges, and complete enough to build."""

import json
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from dockerfile_parse import DockerfileParser

from tests.compose import ROOT

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def parser() -> DockerfileParser:
    return DockerfileParser(fileobj=BytesIO((ROOT / "Dockerfile").read_bytes()))


@pytest.fixture(scope="module")
def instructions(parser: DockerfileParser) -> list[Instruction]:
    return [(part["instruction"], part["value"]) for part in parser.structure]


@pytest.fixture(scope="module")
def last_stage(instructions: list[Instruction]) -> list[Instruction]:
    start = max(number for number, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[start:]


def _from_context(instructions: list[Instruction]) -> list[str]:
    copies = [value.split() for name, value in instructions if name == "COPY"]
    return [source for words in copies if not words[0].startswith("--from") for source in words[:-1]]


def _pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", text, re.MULTILINE))


def test_both_stages_are_the_same_pinned_python(parser: DockerfileParser) -> None:
    images = parser.parent_images
    assert len(images) == 2
    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.12\.\d+-slim-\w+", images[0])


def _lint(file: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("hadolint")
    return subprocess.run([program, "--no-color", file], capture_output=True, text=True, check=False)


def test_the_linter_has_nothing_to_say() -> None:
    done = _lint(ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_linter_notices_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "Dockerfile"
    wrong.write_text((ROOT / "Dockerfile").read_text() + "RUN apt-get install curl\nCMD twodrive --help\n")
    done = _lint(wrong)
    assert done.returncode != 0
    assert "DL3008" in done.stdout


def test_it_runs_as_a_number(last_stage: list[Instruction]) -> None:
    users = [value for name, value in last_stage if name == "USER"]
    assert len(users) == 1
    user, _, group = users[0].partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    after = [name for name, _ in last_stage[last_stage.index(("USER", users[0])) :]]
    assert not {"RUN", "COPY"} & set(after)


def test_process_1_is_the_program(last_stage: list[Instruction]) -> None:
    starts = [value for name, value in last_stage if name in ("CMD", "ENTRYPOINT")]
    assert [type(json.loads(value)) for value in starts] == [list]
    assert ("STOPSIGNAL", "SIGTERM") in last_stage


def test_nothing_is_installed_without_a_hash(instructions: list[Instruction]) -> None:
    runs = " && ".join(value for name, value in instructions if name == "RUN")
    installs = [step for step in re.split(r"&&", runs) if "pip" in step and " install " in step]
    assert len(installs) == 3
    for step in installs:
        assert "--require-hashes" in step or "--no-deps dist/*.whl" in step
    assert "ADD" not in {name for name, _ in instructions}


def test_no_secret_enters_a_layer(instructions: list[Instruction]) -> None:
    given = " ".join(value for name, value in instructions if name in ("ARG", "ENV"))
    assert not re.search("TWODRIVE|PASSWORD|SECRET|TOKEN|KEY", given.upper().replace("/OPT/TWODRIVE", ""))


def test_the_context_is_what_is_copied(instructions: list[Instruction]) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    allowed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert patterns[0] == "*"
    assert allowed == {source.split("/")[0] for source in _from_context(instructions)}
    assert all((ROOT / name).exists() for name in allowed)


def test_locks_agree() -> None:
    tested = _pins("dev.lock")
    runtime = _pins("worker.lock")
    assert {name: tested.get(name) for name in runtime} == runtime
    observed = _pins("observed.lock")
    assert {name: tested.get(name) for name in observed} == observed
    assert runtime.keys() < observed.keys()
    assert not [name for name in runtime if name.startswith(("opentelemetry", "sentry"))]
    build = _pins("build.lock")
    assert "hatchling" in build
    assert {name: tested.get(name, version) for name, version in build.items()} == build


def test_what_is_copied_builds_the_wheel(instructions: list[Instruction], tmp_path: Path) -> None:
    for source in _from_context(instructions):
        origin, target = ROOT / source, tmp_path / source
        target.parent.mkdir(exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, target)
        else:
            shutil.copy(origin, target)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "dist"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    held = set(ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "celeryconfig.py", "flowerconfig.py", "sandbox", "schemas", "tasks", "worker"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert {line for line in tracked.stdout.splitlines() if (ROOT / line).exists()} <= held
