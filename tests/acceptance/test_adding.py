"""What adding.md says about fields, tasks and policies is followed to the letter in a copy of the project,
whose own house is then started: simulator, PostgreSQL, Redis, a worker."""

import json
from typing import Any

import pytest

from tests.adding import Copy, copied

# Whoever is first pays for what the fixtures prepare.
pytestmark = pytest.mark.timeout(300)

_SECTIONS = ("Add a field", "Add a task", "Add a policy")
#: What must hold after them, of the copy's own tests.
_HELD = (
    "tests/unit/policy",
    "tests/unit/schemas/test_documents.py",
    "tests/unit/schemas/test_field_words.py",
    "tests/unit/schemas/test_reading.py",
    "tests/unit/test_documents.py::test_the_tables_of_tasks_are_the_messages",
    "tests/unit/test_documents.py::test_the_tables_of_entities_and_database_tables_exist",
    "tests/integration/store/test_guards.py",
    "tests/integration/store/test_migrations.py",
)
#: A receptionist, the DMS and an operator in the copy's house.
_PLAYS = """
import json, subprocess, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack

with temporary_folder() as folder, Stack(folder, workorders=3) as stack:
    stack.start_worker(threads=2)
    stack.add_dealer(12, "Garage Noord", keep_importing_after_start=True)
    backend, told = stack.backend(), {}

    def ask(task, **arguments):
        asked = {"dealer_id": 12, **arguments}
        return backend.send_task(task, kwargs=asked, queue="interactive").get(timeout=30)

    def paint(color):
        stack.simulator.admin.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"Color": color})

    def imported(color):
        paint(color)
        return ask("workorders.import", search=search.pop())["workorders"][0]

    # Equal questions share an answer, so each is spelled its own way.
    search = ["12bdf3", "12-BDF-3", "12 bdf 3", "wo-1001"]
    key = imported("Blauw")["workorder_id"]
    command = [sys.executable, "-m", "worker.cli", "import", "12", "WO-1001"]
    told["shown"] = subprocess.run(command, cwd=folder, env=stack.env, capture_output=True, text=True).stdout
    told["repainted"] = imported("Rood")
    told["age"] = ask("workorders.age", workorder_id=key)
    for days in (29, 31):
        started_at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        ask("workorders.mark_started", workorder_id=key, started_at=started_at)
        told[f"after {days} days"] = imported(f"{days}")
    print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = copied(tmp_path_factory.mktemp("project"))
    for section in _SECTIONS:
        copy.follow(section)
    copy.renew_documents()
    return copy


@pytest.fixture(scope="module")
def told(copy: Copy) -> dict[str, Any]:
    played = copy.run("-c", _PLAYS)
    assert played.returncode == 0, played.stderr
    answers: dict[str, Any] = json.loads(played.stdout)
    return answers


def test_a_field_is_stored_shown_and_named_when_it_changes(told: dict[str, Any]) -> None:
    assert "Volkswagen Golf, Blauw, 12-BDF-3" in told["shown"]
    assert (told["repainted"]["outcome"], told["repainted"]["changed"]) == ("updated", ["color"])


def test_a_task_answers(told: dict[str, Any], copy: Copy) -> None:
    assert set(told["age"]) == {"fetched_at"}
    assert told["age"]["fetched_at"].endswith("+00:00")
    schema = json.loads((copy.folder / "docs" / "schemas" / "workorders.age.json").read_text("utf-8"))
    assert schema["required"] == ["dealer_id", "workorder_id"]


def test_a_policy_decides(told: dict[str, Any]) -> None:
    outcomes = {days: told[f"after {days} days"]["outcome"] for days in (29, 31)}
    assert outcomes == {29: "updated", 31: "held"}
    assert told["after 31 days"]["held"] == ["color"]


def test_the_copys_own_tests_hold(copy: Copy) -> None:
    done = copy.passes(*_HELD)
    assert done.returncode == 0, done.stdout[-4_000:]
