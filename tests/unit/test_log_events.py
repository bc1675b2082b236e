"""Events have fixed names, and docs/logs.md has each with its level."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import ROOT, tables
from worker.consumer import _REPEATING_BODIES

#: What is written where the log itself may be what hangs.
_WITHOUT_LOG = re.compile(r'\{"event": "(\w+)", "level": "(\w+)"\}')
_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
_PRODUCT = [
    path for folder in ("schemas", "worker", "tasks") for path in sorted((ROOT / folder).rglob("*.py"))
]


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a level of `_log`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "_log" and node.func.attr in _LEVELS:
                yield node.func.attr, node


def names(node: ast.expr) -> list[str | None]:
    """The fixed names an expression may give; None for one that is not fixed."""
    if isinstance(node, ast.IfExp):
        return names(node.body) + names(node.orelse)
    return [node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None]


def written(path: Path) -> Iterator[tuple[str, str]]:
    """Event and level of every line that is handed to `os.write`. One that is no constant, or has another
    form, is an AssertionError: nobody could tell its name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "os.write":
            line = node.args[1]
            assert isinstance(line, ast.Constant), f"{path}:{node.lineno}"
            assert isinstance(line.value, bytes), f"{path}:{node.lineno}"
            found = _WITHOUT_LOG.fullmatch(line.value.decode().rstrip("\n"))
            assert found is not None, f"{path}:{node.lineno}"
            yield found[1], found[2]


def test_every_event_is_documented_with_its_level() -> None:
    logged = {
        (name, level) for path in _PRODUCT for level, call in calls(path) for name in names(call.args[0])
    }
    used = logged | {line for path in _PRODUCT for line in written(path)}
    [table] = [t for t in tables(ROOT / "docs" / "logs.md") if t.head == ("event", "level", "meaning")]
    said = {(event, level) for event, level, _ in table.rows}
    of_celery = {event for event, _ in said if event in _REPEATING_BODIES.values()}
    assert of_celery == set(_REPEATING_BODIES.values())
    assert {(event, level) for event, level in said if event not in of_celery} == used


@pytest.mark.parametrize("path", _PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_are_fixed(path: Path) -> None:
    for _, call in calls(path):
        for name in names(call.args[0]):
            assert name is not None, f"{path}:{call.lineno}: the event's name is not fixed"
            assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
        assert len(call.args) == 1


def test_nobody_logs_by_another_name() -> None:
    """A logger under another name would escape the tests above; cli programs alone print."""
    for path in _PRODUCT:
        for found in re.findall(r"^(\w+) = structlog\.get_logger", path.read_text(), re.MULTILINE):
            assert found == "_log", path
