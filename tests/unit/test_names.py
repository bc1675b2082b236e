"""The closed lists of queues and tasks are the ones that there are."""

import ast
import re

from tests.documents import ROOT
from worker.names import QueueName, TaskName
from worker.queue_order import PeopleFirst

_PRODUCT = [path for folder in ("worker", "tasks") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_each_task_has_one_doorway() -> None:
    doorways = [
        name
        for path in (ROOT / "tasks").glob("*.py")
        for name in re.findall(r"^@doorway\(\s*TaskName\.(\w+)", path.read_text(), re.MULTILINE)
    ]
    assert sorted(doorways) == sorted(TaskName.__members__)


def test_people_are_served_first_then_what_rings_then_the_long_work() -> None:
    as_given = ["of somebody else", "bulk", "interactive", "maintenance"]
    assert PeopleFirst(as_given).consume(4) == ["interactive", "maintenance", "bulk", "of somebody else"]
    assert set(as_given[1:]) == set(QueueName)


def test_nobody_else_in_the_product_spells_a_task() -> None:
    tasks = set(TaskName)
    spelling = {
        str(path.relative_to(ROOT))
        for path in _PRODUCT
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in tasks
    }
    assert spelling == {"worker/names.py"}
