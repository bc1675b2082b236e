"""What adding.md says about reasons, warnings and policies is followed to the letter, in a copy."""

from pathlib import Path

import pytest

from tests.adding import ADDING, Copy, copied
from tests.documents import steps

_LISTS = "tests/unit/schemas/test_closed_lists.py"
#: Reads a workorder as the importer does, and says what came of it.
_READS = """
from schemas.reading import read_workorder
from tests.unit.schemas.invented import BRANCH, raw
read = read_workorder({rows}, BRANCH)
print(getattr(read, "reason", "accepted"), *read.warnings)
"""
_FAR_AHEAD = _READS.format(rows='raw({"AppointmentDate": "2031-06-15T08:30:00"})')
_LESS_THAN_NOTHING = _READS.format(rows='raw(labor={"Price": "-1000.00"})')
#: A dealer that keeps importing, and work that started so many days ago.
_DECIDES = """
from dataclasses import replace
from datetime import timedelta
from schemas.decision import Stored
from tests.workorders import NOON, WORKORDER, fetched
from worker.policy import decide
for days in (29, 31):
    stored = Stored(WORKORDER, b"before", NOON, NOON - timedelta(days=days))
    print(decide(True, stored, fetched(replace(WORKORDER, make="Saab"), 1)).outcome)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return copied(tmp_path)


@pytest.mark.parametrize(
    ("section", "code", "shown_by", "before"),
    [
        ("Add a reason", "negative_total", _LESS_THAN_NOTHING, ["accepted"]),
        ("Add a warning", "appointment_far_ahead", _FAR_AHEAD, ["accepted"]),
    ],
)
def test_a_reason_and_a_warning(
    copy: Copy, section: str, code: str, shown_by: str, before: list[str]
) -> None:
    assert copy.run("-c", shown_by).stdout.split() == before
    *code_of_it, test_of_it = steps(ADDING, section)
    for step in code_of_it:
        copy.step(*step)
    # The text promises: "the test there fails for a member that nothing produces".
    assert copy.passes(_LISTS).returncode != 0
    copy.step(*test_of_it)
    listed = copy.passes(_LISTS)
    assert listed.returncode == 0, listed.stdout
    told = copy.run("-c", shown_by)
    assert code in told.stdout.split(), told.stderr
    assert copy.run("docs/generate.py", "--check").returncode != 0
    copy.renew_documents()
    assert f"`{code}`" in (copy.folder / "docs" / "answers.md").read_text("utf-8")


def test_a_policy(copy: Copy) -> None:
    assert copy.run("-c", _DECIDES).stdout.split() == ["updated", "updated"]
    copy.follow("Add a policy")
    decided = copy.run("-c", _DECIDES)
    assert decided.stdout.split() == ["updated", "held"], decided.stderr
    cases = copy.passes("tests/unit/policy/test_decide.py")
    assert cases.returncode == 0, cases.stdout
