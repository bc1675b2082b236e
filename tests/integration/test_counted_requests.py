"""What `twodrive metrics` shows of rows of `import_requests`: each try, and those that nobody tried."""

from sandbox.processes import wait_until
from sandbox.simulator import known
from tests.integration.test_requests import Claire, claire, serving, simulator  # noqa: F401  two are fixtures
from worker.metrics.unborn import OUR_FAULTS
from worker.metrics.wiring import registry
from worker.requests import MOST_LOSSES


def counted(asked: Claire, name: str, **labels: str) -> float | None:
    asked.parts.counters.write()
    with registry(asked.parts.settings) as shown:
        return shown.get_sample_value(f"twodrive_{name}", {"task": "import_requests", **labels})


def tries(asked: Claire, result: str) -> float | None:
    return counted(asked, "task_seconds_count", result=result)


def test_every_try_is_counted_by_how_it_ended(claire: Claire) -> None:  # noqa: F811  the fixture
    # Given one that is answered, one that is wrong, and one that is put off and then too late
    with serving(claire):
        claire.answer(claire.ask(search=known.COMPLETE))
        claire.answer(claire.ask(search="x", dealer_id=99))
        claire.simulator.admin.answer_status(503, times=None, match="Workorder", retry_after="60")
        put_off = claire.ask(search=known.BELGIAN)
        wait_until(lambda: claire.row(put_off).error_code is not None, 30, "the first failure")
        claire.change("UPDATE import_requests SET answer_by = now() WHERE answered_at IS NULL")
        claire.answer(put_off)
    # Then each is told with its code
    results = ("answered", "dealer_unknown", "vinacles_unavailable", "request_expired")
    assert [tries(claire, result) for result in results] == [1, 1, 1, 1]
    seconds = counted(claire, "task_seconds_sum", result="answered")
    assert seconds is not None
    assert seconds > 0
    # And none as one for which no thread was free
    assert counted(claire, "messages_expired_total") == 0


def test_what_fails_on_our_side_is_counted(claire: Claire) -> None:  # noqa: F811  the fixture
    claire.change("ALTER TABLE workorders RENAME TO elsewhere")
    with serving(claire):
        row = claire.answer(claire.ask(search=known.COMPLETE))
    assert row.error_code in OUR_FAULTS
    assert tries(claire, row.error_code) == 1


def test_what_ended_its_process_each_time_is_counted(claire: Claire) -> None:  # noqa: F811  the fixture
    number = claire.ask(search=known.COMPLETE)
    claire.change(f"UPDATE import_requests SET tries = {MOST_LOSSES}")
    with serving(claire):
        assert claire.answer(number).error_code == "worker_lost"
    assert tries(claire, "worker_lost") == 1


def test_what_nobody_had_a_thread_for_is_counted_as_dropped(claire: Claire) -> None:  # noqa: F811  the fixture
    number = claire.ask(search=known.COMPLETE, answer_by="now")
    with serving(claire):
        assert claire.answer(number).state == "dropped"
    assert counted(claire, "messages_expired_total") == 1
    assert tries(claire, "request_expired") is None
