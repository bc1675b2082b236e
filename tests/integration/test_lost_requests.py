"""A row of `import_requests` that ended its process each time is in quarantine; nothing else lists it."""

from sandbox.simulator import known
from schemas.workorder import workorder_id
from tests.integration.test_requests import Claire, claire, serving, simulator  # noqa: F401  two are fixtures
from worker.requests import MOST_LOSSES
from worker.store.quarantine import Choice, chosen


def in_quarantine(asked: Claire) -> dict[str, tuple[str | None, int]]:
    """What was lost: task and times by subject."""
    with asked.parts.database.transaction() as connection:
        found = chosen(connection, Choice(why="worker_lost"))
    assert "GEHEIM 1" not in repr(found)
    return {case.subject: (case.task_id, case.times) for case in found}


def test_a_lost_search_is_listed_by_its_code(claire: Claire) -> None:  # noqa: F811  the fixture
    number = claire.ask(search="GEHEIM 1")
    claire.change(f"UPDATE import_requests SET tries = {MOST_LOSSES}")
    with serving(claire):
        assert claire.answer(number).error_code == "worker_lost"
    assert in_quarantine(claire) == {"search/worker_lost": (f"import_requests/{number}", 1)}


def test_a_lost_refresh_is_listed_by_its_workorder_until_it_is_read(claire: Claire) -> None:  # noqa: F811  the fixture
    identifier = workorder_id(1, known.COMPLETE_ID)
    with serving(claire):
        claire.answer(claire.ask(search=known.COMPLETE))
    lost = claire.ask(kind="refresh", workorder_id=identifier, request_id="GEHEIM 1")
    strangers = [
        claire.ask(search=known.COMPLETE, dealer_id=404),
        claire.ask(kind="refresh", workorder_id=workorder_id(1, 404)),
        claire.ask(kind="elsewhere"),
    ]
    claire.change(f"UPDATE import_requests SET tries = {MOST_LOSSES} WHERE answered_at IS NULL")
    with serving(claire):
        assert {claire.answer(number).error_code for number in (lost, *strangers)} == {"worker_lost"}
        assert in_quarantine(claire) == {f"workorder/{known.COMPLETE_ID}": (f"import_requests/{lost}", 1)}
        claire.answer(claire.ask(kind="refresh", workorder_id=identifier))
    assert in_quarantine(claire) == {}
