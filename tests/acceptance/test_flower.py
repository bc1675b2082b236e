"""Flower beside a real worker: behind a login, and without personal data on any page."""

from collections.abc import Iterator

import pytest
import requests

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.simulator import known
from sandbox.stack import Stack

_PERSONAL = (
    known.COMPLETE_PLATE,
    known.COMPLETE_PLATE.replace("-", ""),
    "van der Berg",
    "612345678",
    "example.com",
)


@pytest.fixture(scope="module")
def flower(stack: Stack) -> Iterator[str]:
    program, url = stack.start_flower()
    yield url
    program.stop()


def get(stack: Stack, url: str, path: str, **parameters: str) -> str:
    response = requests.get(url + path, params=parameters, auth=stack.flower_login, timeout=10)
    response.raise_for_status()
    return response.text


def test_nothing_without_a_login(flower: str) -> None:
    for path in ("/", "/tasks", "/workers", "/broker", "/api/tasks", "/tasks/datatable"):
        assert requests.get(flower + path, timeout=10).status_code == 401, path


def test_tasks_are_seen_without_personal_data(flower: str, stack: Stack, desk: Desk) -> None:
    only(desk.search(known.COMPLETE_PLATE), outcome="created")
    sent = desk.backend.send_task(
        "workorders.import",
        kwargs={"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE_PLATE},
        queue="interactive",
    )
    sent.get(timeout=30)
    wait_until(lambda: sent.id in get(stack, flower, "/api/tasks"), 15, "Flower sees the task")
    pages = {path: get(stack, flower, path) for path in ("/tasks", "/workers", "/broker", "/api/tasks")}
    pages["task"] = get(stack, flower, f"/task/{sent.id}")
    pages["info"] = get(stack, flower, f"/api/task/info/{sent.id}")
    assert "workorders.import" in pages["/api/tasks"]
    assert str(desk.dealer.dealer_id) in pages["task"]
    for path, page in pages.items():
        for personal in _PERSONAL:
            assert personal not in page, path
