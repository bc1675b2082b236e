"""The documents' commands and code are run, with real servers."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, free_port
from sandbox.simulator import known
from sandbox.stack import Stack
from schemas.workorder import workorder_id
from tests.acceptance.reader import LOOKED_AT, NOT_RUN, Reader
from tests.documents import ROOT, WRITTEN, blocks, commands

README = ROOT / "README.md"
BACKEND = ROOT / "docs" / "backend.md"
EXAMPLE_DEALER = 12


@pytest.fixture(scope="module")
def bulk_worker(stack: Stack, no_bulk_waiting: None) -> Iterator[Program]:
    worker = stack.start_bulk_worker(name="bulk-of-readers", children=1)
    yield worker
    worker.stop()


@pytest.mark.timeout(400)  # the operators' document has some sixty commands, each a program of its own
@pytest.mark.usefixtures("bulk_worker")
@pytest.mark.parametrize("document", [d for d in WRITTEN if commands(d)], ids=lambda d: d.name)
def test_a_reader_can_follow_every_command(document: Path, stack: Stack, desk: Desk, tmp_path: Path) -> None:
    adds_one = any(command[:3] == ("twodrive", "dealers", "add") for command in commands(document))
    reader = Reader(stack, tmp_path, desk.dealer.dealer_id + (100_000 if adds_one else 0))
    for command in commands(document):
        reader.follow(command)


def test_what_is_not_run_is_still_in_the_documents() -> None:
    said = {" ".join(command) for document in WRITTEN for command in commands(document)}
    assert set(NOT_RUN) <= said
    assert not [begin for begin in LOOKED_AT if not any(command.startswith(begin) for command in said)]


@pytest.mark.parametrize(
    "wrong",
    [
        "docker compose up --detahc",
        "docker compose pss",
        "docker compose logs migrat",
        "docker compose --profile simulatro up --detach",
        "docker compose up --detach --scale worker-interactiv=2",
        "docker compose exec worker-interactive twodrive dealers lst",
        "kubectl apply --filename docker/kubernetes/twodriv.yaml",
        "make tset",
        "twodrive dealers lst",
    ],
)
def test_a_reader_notices_a_mistake(wrong: str, stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Reader(stack, tmp_path, EXAMPLE_DEALER).follow(tuple(wrong.split()))


def test_the_demo_shows_what_the_readme_says() -> None:
    command = [sys.executable, "-m", "worker.cli", "demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [block] = blocks(README, "text demo")
    rest = done.stdout
    for line in block.splitlines():
        if line != "…":
            assert line in rest
            rest = rest[rest.index(line) :]


@contextmanager
def executed(block: str, stack_urls: tuple[str, str], dealer_id: int) -> Iterator[dict[str, Any]]:
    """The names that a Python block defines, run with real addresses in place of the example's."""
    for example, real in zip(
        ("redis://:change-me@redis:6379/0", "redis://:change-me@redis:6379/1"), stack_urls, strict=True
    ):
        assert example in block
        block = block.replace(example, real)
    names: dict[str, Any] = {}
    code = re.sub(rf'(dealer_id"?[:=] ?){EXAMPLE_DEALER}\b', rf"\g<1>{dealer_id}", block)
    exec(compile(code, "block", "exec"), names)  # noqa: S102  our own documents
    with closing(names["claire"]):
        yield names


@pytest.mark.parametrize("document", [README, BACKEND], ids=lambda d: d.name)
def test_the_backends_lines_import_a_workorder(document: Path, stack: Stack, desk: Desk) -> None:
    urls = stack.redis.url_of(0), stack.redis.url_of(1)
    with executed(blocks(document, "python")[0], urls, desk.dealer.dealer_id) as names:
        only(names["answer"], outcome="created", wo_number=known.COMPLETE)
        assert names["answer"]["request_id"] == "click-81f3"
        if document == BACKEND:
            failed = names["ask"]("workorders.import", dealer_id=desk.dealer.dealer_id, search="")
            assert failed["error"] == "message_invalid"


@pytest.mark.usefixtures("bulk_worker")
def test_the_backends_lines_refresh_a_whole_dealer(stack: Stack, desk: Desk) -> None:
    urls = stack.redis.url_of(0), stack.redis.url_of(1)
    client, whole_dealer = blocks(BACKEND, "python")[:2]
    desk.dms.set(page_max=5, page_default=5, latency_ms=100)
    with executed(client + whole_dealer, urls, desk.dealer.dealer_id) as names:
        assert names["done"]["state"] == "done"
        assert names["done"]["skipped"] + names["done"]["unchanged"] == names["done"]["seen"]
        assert names["progress"]["run_id"] == names["done"]["run_id"]


def test_the_backends_client_says_that_redis_is_away() -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}"
    with executed(blocks(BACKEND, "python")[0], (f"{nowhere}/0", f"{nowhere}/1"), 1) as names:
        assert names["answer"] == {"error": "queue_away"}


def test_the_rule_of_ids_is_the_products() -> None:
    names: dict[str, Any] = {}
    exec(blocks(BACKEND, "python")[2], names)  # noqa: S102  our own documents
    assert names["workorder_id"] == workorder_id(EXAMPLE_DEALER, 48213)
