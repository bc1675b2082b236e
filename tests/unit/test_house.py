"""The house: imports point one way, and every door is where the plan says."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("schemas", "worker", "tasks", "sandbox")
#: As CONTRIBUTING.md says.
LONGEST_MODULE = 250


def test_imports_point_one_way() -> None:
    lint = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("celeryconfig.py", {"worker.environment", "worker.errors", "worker.names", "worker.publishing"}),
        ("flowerconfig.py", set()),
    ],
)
def test_configurations_know_the_settings_alone(module: str, allowed: set[str]) -> None:
    assert {name for name in imported(ROOT / module) if name.split(".")[0] in OURS} == allowed


@pytest.mark.parametrize(
    ("library", "doors"),
    [
        (
            "requests",
            {
                "worker/vinacles/wire.py",
                "worker/vinacles/patience.py",
                "worker/vinacles/failures.py",
                "worker/cli/network.py",  # for the path of its certificates
            },
        ),
        ("urllib3", {"worker/vinacles/patience.py", "worker/vinacles/failures.py"}),
        ("psycopg2", {"worker/store/failures.py", "worker/store/watch.py"}),  # the latter raises none
        (
            "redis.exceptions",
            {
                "worker/redis_client.py",
                "worker/answers.py",  # Celery's own store of answers, which tries again
                "worker/cli/queue.py",  # Celery raises them, too; told to whoever typed
                # These go on without Redis, or try again.
                *(
                    f"worker/{name}.py"
                    for name in ("begun", "coalescing", "counting", "limits", "unread", "waiting")
                ),
                "worker/vinacles/oauth.py",
                "worker/metrics/collector.py",
                "worker/metrics/queues.py",
            },
        ),
    ],
)
def test_foreign_errors_come_in_by_few_doors(library: str, doors: set[str]) -> None:
    product = [path for folder in ("schemas", "worker", "tasks") for path in (ROOT / folder).rglob("*.py")]
    using = {
        str(path.relative_to(ROOT))
        for path in product
        if any(f"{name}.".startswith(f"{library}.") for name in imported(path))
    }
    assert using <= doors


def test_who_goes_on_without_redis_makes_no_error_of_ours_of_it() -> None:
    made = {
        f"{path.relative_to(ROOT)}:{handler.lineno}"
        for path in (ROOT / "worker").rglob("*.py")
        for handler in ast.walk(ast.parse(path.read_text()))
        if isinstance(handler, ast.ExceptHandler)
        and handler.type
        and "RedisError" in ast.unparse(handler.type)
        if any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(handler))
    }
    assert {place.split(":")[0] for place in made} == {"worker/redis_client.py"}


def test_modules_are_small() -> None:
    folders = (*OURS, "benchmarks", "docs", "tests")
    modules = [*ROOT.glob("*.py"), *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in modules}
    assert {name: number for name, number in lines.items() if number > LONGEST_MODULE} == {}


def imported(path: Path) -> set[str]:
    """The modules that a file imports, by their full names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Attribute) and re.fullmatch(r"redis\.\w+Error", ast.unparse(node)):
            names.add("redis.exceptions")
    return names
