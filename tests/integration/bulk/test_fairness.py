"""What a dealer may cost the others and its own Vinacles: knocks, rests, requests; with the real stations."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.bulk.workshop import Workshop
from tests.integration.parts_on_simulator import bulk_of
from worker.bulk import BulkRefresh
from worker.errors import ConfigurationError, VinaclesUnavailable
from worker.store.columns import RunState
from worker.store.runs import MAX_ATTEMPTS, Run


def hasty(workshop: Workshop) -> BulkRefresh:
    return bulk_of(workshop.parts, page_seconds=2)


def state(workshop: Workshop, run_id: int) -> Run:
    run = workshop.parts.bulk.state(run_id)
    assert run is not None
    return run


def asked(workshop: Workshop) -> list[str]:
    """The queries for workorders since the last time, as they were sent."""
    admin = workshop.simulator.admin
    queries = [entry.query for entry in admin.journal() if entry.path == "/api/Workorder"]
    admin.clear_journal()
    return queries


def test_a_dealer_that_does_not_answer_is_asked_less_and_less(workshop: Workshop) -> None:
    workshop.change({"modified_on_works": False})
    admin = workshop.simulator.admin
    admin.answer_status(503, times=None, match="Workorder")
    run_id = workshop.parts.bulk.start(1).run_id
    rests = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with pytest.raises(VinaclesUnavailable):
            hasty(workshop).work(run_id, None, lambda _: None)
        queries = asked(workshop)
        assert queries
        # The first time for its page, then with a knock alone
        assert all(("filter" in query) == (attempt == 1) for query in queries)
        run = state(workshop, run_id)
        # As if the failures were not in a row: the circuit has its own tests.
        workshop.parts.breaker.close(1)
        if attempt < MAX_ATTEMPTS:
            rests.append(rests_seconds(workshop))
    assert rests == [_about(60), _about(120), _about(240), _about(480)]
    assert (run.state, run.error_code) == (RunState.FAILED, "vinacles_unavailable")
    # The next run begins with a knock too, and goes on as soon as one is answered
    again = workshop.parts.bulk.start(1)
    with pytest.raises(VinaclesUnavailable):
        hasty(workshop).work(again.run_id, None, lambda _: None)
    assert not any("filter" in query for query in asked(workshop))
    admin.clear_faults()
    assert workshop.refresh().state is RunState.DONE
    first, second, *_ = asked(workshop)
    assert ("filter" in first, "filter" in second) == (False, True)


@pytest.mark.parametrize(("retry_after", "rest"), [("30", 60), ("200", 200), ("86400", 300)])
def test_a_dealer_that_asks_to_wait_is_not_asked_before(
    workshop: Workshop, retry_after: str, rest: int
) -> None:
    workshop.change({"modified_on_works": False})
    workshop.simulator.admin.answer_status(429, times=None, match="Workorder", retry_after=retry_after)
    run_id = workshop.parts.bulk.start(1).run_id
    with pytest.raises(VinaclesUnavailable):
        hasty(workshop).work(run_id, None, lambda _: None)
    assert rests_seconds(workshop) == _about(rest)


def test_nor_before_its_circuit_may_be_probed(workshop: Workshop) -> None:
    workshop.change({"modified_on_works": False})
    workshop.simulator.admin.answer_status(503, times=None, match="Workorder", retry_after="200")
    run_id = workshop.parts.bulk.start(1).run_id
    with workshop.parts.database.transaction() as connection:
        circuit = text(
            "INSERT INTO circuits (dealer_id, failures, trouble, opened_at, probe_at)"
            " VALUES (1, 3, 'server_error', now(), now())"
        )
        connection.execute(circuit)
    with pytest.raises(VinaclesUnavailable):
        hasty(workshop).work(run_id, None, lambda _: None)
    assert state(workshop, run_id).error_code == "vinacles_circuit_open"
    assert rests_seconds(workshop) == _about(200)


def rests_seconds(workshop: Workshop) -> float:
    """Until the run is rung for again."""
    with workshop.parts.database.transaction() as connection:
        query = text("SELECT ring_at - clock_timestamp() FROM refresh_runs")
        seconds: float = connection.execute(query).scalar_one().total_seconds()
        return seconds


def _about(seconds: float) -> Any:
    """Of which some have passed already."""
    return pytest.approx(seconds - 2, abs=3)


def test_after_a_failure_the_page_is_smaller(workshop: Workshop) -> None:
    workshop.change({"modified_on_works": False})
    run_id = workshop.parts.bulk.start(1).run_id
    with workshop.parts.database.transaction() as connection:
        connection.execute(text("UPDATE refresh_runs SET attempts = 3"))
    pages: list[Run] = []
    done = workshop.parts.bulk.work(run_id, None, pages.append)
    assert done is not None
    firsts = [query for query in asked(workshop) if "gt%20" in query]
    assert "$first=62" in firsts[0]
    assert "$first=500" in firsts[1]
    assert pages[0].seen <= 62


def test_a_tenant_that_could_not_tell_is_asked_again_each_day(workshop: Workshop) -> None:
    admin = workshop.simulator.admin
    refused = admin.add_fault("forbidden_column", column="ModifiedOn", times=None, match="Workorder")
    assert workshop.refresh().state is RunState.DONE
    assert workshop.dealer().modified_on_works is False
    admin.remove_fault(refused)
    # On the same day it is not tried again
    assert workshop.refresh().modified_since is None
    assert workshop.dealer().modified_on_works is False
    with workshop.parts.database.transaction() as connection:
        connection.execute(text("UPDATE refresh_runs SET started_at = started_at - interval '1 day'"))
    assert workshop.refresh().modified_since is None
    assert workshop.dealer().modified_on_works is True
    assert workshop.refresh().modified_since is not None


@pytest.mark.parametrize("works", [True, False])
def test_how_many_rows_a_page_may_have_is_found_out_again_each_day(workshop: Workshop, works: bool) -> None:
    admin = workshop.simulator.admin
    admin.set(page_max=40, page_default=40)
    workshop.refresh()
    assert workshop.dealer().page_rows == 40
    admin.set(page_max=100_000, page_default=100)
    workshop.change({"modified_on_works": works})
    # On the same day nobody tries whether more are given by now
    assert workshop.refresh().state is RunState.DONE
    assert workshop.dealer().page_rows == 40
    with workshop.parts.database.transaction() as connection:
        connection.execute(text("UPDATE refresh_runs SET started_at = started_at - interval '1 day'"))
    workshop.refresh()
    assert workshop.dealer().page_rows is None
    # And a day on which as few are given as before changes nothing
    admin.set(page_max=40, page_default=40)
    workshop.change({"page_rows": 40})
    with workshop.parts.database.transaction() as connection:
        connection.execute(text("UPDATE refresh_runs SET started_at = started_at - interval '1 day'"))
    workshop.refresh()
    assert workshop.dealer().page_rows == 40


def test_what_a_broken_run_has_not_looked_at_is_not_missing(workshop: Workshop) -> None:
    workshop.refresh()
    workshop.change({"modified_on_works": False})
    admin = workshop.simulator.admin
    everything = sorted(workshop.stored())
    early, late = everything[1], everything[-2]
    for gone in (early, late):
        admin.delete_rows("Workorder", {"WorkorderId": gone})
    # Given a run that breaks after its first page
    admin.set(page_max=50, page_default=50)
    run_id = workshop.parts.bulk.start(1).run_id
    broken = bulk_of(workshop.parts, slice_seconds=0)
    broken.work(run_id, None, lambda _: None)
    assert missing(workshop) == [early]
    # And a page of which only a part comes: nothing is concluded from it
    admin.answer_status(403, times=None, match="WorkorderLine", code="AuthorizationCheckFailed")
    with pytest.raises(ConfigurationError):
        broken.work(run_id, None, lambda _: None)
    assert missing(workshop) == [early]
    admin.clear_faults()
    # When a later run comes to its end
    since = workshop.stored()[early]
    run = workshop.refresh()
    # Then it has looked at all, and the older mark has stayed
    assert run.counts.missing == 1
    assert missing(workshop) == [early, late]
    assert workshop.stored()[early] == since


def missing(workshop: Workshop) -> list[int]:
    return sorted(number for number, since in workshop.stored().items() if since is not None)


def test_a_run_costs_requests_by_the_page_and_not_by_the_workorder(workshop: Workshop) -> None:
    """One page each of headers, lines and contacts, when all fit into it."""
    workshop.change({"modified_on_works": False})
    asked(workshop)
    for _ in range(2):
        run = workshop.refresh()
        assert (run.seen > 150, run.pages, run.requests) == (True, 2, 3)
        assert len(asked(workshop)) == 1
