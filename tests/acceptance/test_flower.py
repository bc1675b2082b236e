"""Flower beside a real worker: behind a login, and without personal data on any page."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import requests

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.acceptance.waiting import until_flower_hears

_PERSONAL = (
    known.COMPLETE_PLATE,
    known.COMPLETE_PLATE.replace("-", ""),
    "van der Berg",
    "612345678",
    "example.com",
)


@pytest.fixture(scope="module")
def flower(stack: Stack, worker: Program) -> Iterator[str]:
    assert worker.process.poll() is None
    program, url = stack.start_flower()
    until_flower_hears(stack, url)
    yield url
    program.stop()


def get(stack: Stack, url: str, path: str, **parameters: str) -> str:
    response = requests.get(url + path, params=parameters, auth=stack.flower_login, timeout=10)
    response.raise_for_status()
    return response.text


class Seen:
    """All that an operator saw."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def once(self, words: str, look: Callable[[], str]) -> str:
        """Look until the words are there: a worker that has much to do answers too late for one look."""

        def shown() -> bool:
            # Flower has no page for a worker that did not answer it in time.
            with suppress(requests.HTTPError):
                self.texts.append(look())
                return words in self.texts[-1]
            return False

        wait_until(shown, 15, f"{words} is seen")
        return self.texts[-1]


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


def test_tasks_at_work_are_seen_without_what_was_typed(flower: str, stack: Stack, desk: Desk) -> None:
    seen = Seen()
    workers = seen.once("interactive@", lambda: get(stack, flower, "/api/workers", refresh="1"))
    [name] = [name for name in json.loads(workers) if name.startswith("interactive@")]
    # Given an import at work and one that waits for its time
    desk.dms.add_fault("slow", match="Workorder", seconds=15)
    kwargs = {"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE_PLATE}
    sent = desk.backend.send_task("workorders.import", kwargs=kwargs, queue="interactive")
    waiting = desk.backend.send_task(
        "workorders.import", kwargs=kwargs, queue="interactive", countdown=600, ignore_result=True
    )
    # When an operator looks, then the tasks are there, by their identifiers alone
    inspect = desk.backend.control.inspect([name], timeout=2)
    seen.once(sent.id, lambda: str(inspect.active()))
    seen.once(sent.id, lambda: get(stack, flower, f"/worker/{name}"))
    seen.once(waiting.id, lambda: str(inspect.scheduled()))
    seen.once(name, lambda: str(inspect.reserved()))
    for text in seen.texts:
        for personal in _PERSONAL:
            assert personal not in text
    waiting.revoke()
    only(sent.get(timeout=30), outcome="created")


def test_arguments_in_each_others_place_stay_hidden(
    flower: str, stack: Stack, desk: Desk, worker: Program
) -> None:
    plate = known.COMPLETE_PLATE.replace("-", "")
    kwargs = {"dealer_id": plate, "workorder_id": plate, "search": desk.dealer.dealer_id}
    sent = desk.backend.send_task("workorders.import", kwargs=kwargs, queue="interactive")
    with pytest.raises(Exception, match="message_invalid"):
        sent.get(timeout=30)
    wait_until(lambda: sent.id in get(stack, flower, "/api/tasks"), 15, "Flower sees the task")
    for text in (get(stack, flower, f"/api/task/info/{sent.id}"), worker.log.read_text()):
        assert plate not in text
