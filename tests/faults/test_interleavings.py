"""The law: whatever fails in whatever order over whatever history, after the last retry PostgreSQL holds what
a single quiet import would have stored, minus what the policy holds."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import Phase, example, given, settings

from schemas.dealer import Dealer
from tests.faults import breaking as broke
from tests.faults import history as did
from tests.faults.breaking import steps
from tests.faults.history import History, Step
from tests.faults.house import House, until
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]
_EXPECTED = "content as of a quiet import, minus what is held"
_EXAMPLES = 20
#: Everything that can happen, once, with work under way where something breaks.
_ONE_OF_EACH: Sequence[Step] = (
    did.StartWork(100_005),
    did.ChangeWorkorder(100_005, 66_000),
    did.ChangeWorkorder(100_006, 77_000),
    did.ChangePrice(100_007, 250),
    did.RefreshAll(),
    did.TimePasses(2),
    broke.KillChildren(),
    did.DeleteJob(100_008),
    did.Search(100_006),
    did.WriteRow(100_010),
    broke.CutPostgres(),
    broke.SpoilVinacles("reset", 2, 1),
    did.LeaseRunsOut(),
    did.Ring(),
    did.TimePasses(3),
    broke.BulkWorkerVanishes(3),
    did.WriteRow(100_011),
    broke.KillRequests(),
    broke.RestartPostgres(),
    broke.CutRedis(),
    did.DeleteWorkorder(100_009),
    did.RefreshAll(),
    broke.KillBulkWorker(),
    broke.ForgetTheQueue(),
    broke.SpoilVinacles("expire_tokens", 1, 0),
    broke.RestartRedis(),
    did.WriteRow(100_012),
    did.Search(100_007),
)


def test_after_the_last_retry_all_is_as_if_nothing_had_happened(house: House, fault: Begin) -> None:
    kinds = len({type(step) for step in _ONE_OF_EACH})
    row = fault(
        f"a history with one of each of {kinds} steps: faults, changes, starts, requests", _EXPECTED, 90
    )
    row.strikes()
    held = lived_through(house, _ONE_OF_EACH)
    row.over(f"{held} held, the rest equal")


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_any_history_ends_as_if_nothing_had_happened(house: House, fault: Begin) -> None:
    row = fault(f"{_EXAMPLES} histories of 8 to 25 steps, drawn by hypothesis", _EXPECTED, 90 * _EXAMPLES)
    seen: list[tuple[int, int]] = []

    # A failing one is made shorter, step by step, and printed; `@example` then holds it.
    @settings(max_examples=_EXAMPLES, database=None, phases=(Phase.explicit, Phase.generate, Phase.shrink))
    @given(steps(8, 25))
    @example([did.RefreshAll(), broke.ForgetTheQueue(), broke.CutRedis(), broke.KillBulkWorker()])
    def law(happened: list[Step]) -> None:
        seen.append((len(happened), lived_through(house, happened)))

    row.strikes()
    law()
    row.over(
        f"{len(seen)} histories, {sum(length for length, _ in seen)} steps; "
        f"{sum(held for _, held in seen)} workorders held, the rest equal"
    )


def lived_through(house: House, happened: Sequence[Step]) -> int:
    """How many workorders are held after all this, and everything else is as of a quiet import."""
    house.tidy()
    house.interactive()
    house.bulk()
    house.requests()
    house.small_pages()
    history = History(house)
    house.refresh_all(history.dealer).get(timeout=60)
    for step in happened:
        step.on(history)
    house.dms.clear_faults()
    spoiled = any(isinstance(step, broke.SpoilVinacles) for step in happened)
    all_answered(house, history.rows, with_results=not spoiled)
    last_run(house, history.dealer)
    created_once(house, history.dealer)
    held = set(history.started)
    assert house.content(history.dealer, without=held) == house.quiet_content(without=held)
    for number, content in history.started.items():
        expected = [] if number in history.deleted else content
        assert house.content(history.dealer, [number]) == expected
    return len(held)


def all_answered(house: House, rows: Sequence[int], *, with_results: bool) -> None:
    """Each row comes to its end, an answer or a reason; the table's constraints keep it from having two.
    `with_results`: none of the reasons was Vinacles'."""

    def answered() -> bool:
        # What was postponed need not wait any longer.
        house.run("UPDATE import_requests SET try_at = now() WHERE state = 'waiting'")
        done = house.rows(
            "SELECT FROM import_requests WHERE id = ANY(:rows) AND answered_at IS NOT NULL", rows=list(rows)
        )
        return len(done) == len(rows)

    house.lease_runs_out()
    until(answered, 60, "an answer to every row")
    failed = house.rows(
        "SELECT state, error_code FROM import_requests WHERE id = ANY(:rows) AND result IS NULL",
        rows=list(rows),
    )
    assert not (with_results and failed), failed


def created_once(house: House, dealer: Dealer) -> None:
    """Each workorder that is stored was created by one attempt, whoever else tried."""
    twice = house.rows(
        "SELECT w.dms_number, count(a.workorder_id) AS times FROM workorders w "
        "LEFT JOIN import_attempts a ON a.workorder_id = w.id AND a.outcome = 'created' "
        "WHERE w.dealer_id = :id GROUP BY 1 HAVING count(a.workorder_id) <> 1",
        id=dealer.dealer_id,
    )
    assert twice == []


def last_run(house: House, dealer: Dealer) -> None:
    """The open run comes to its end, and then one more goes from the beginning to the end."""
    house.lease_runs_out()
    if house.run_row(dealer)["state"] in ("waiting", "running"):
        house.ring_until_over(dealer, 80)
    for _ in range(4):
        # Half a minute passes, in which a login is not tried whose fresh token was refused; requests that are
        # still under way may bring that about once more.
        with house.redis(2) as state:
            for refused in list(state.scan_iter("twodrive:token:*:refused")):
                state.delete(refused)
        house.parts.bulk.start(dealer.dealer_id)
        house.ring_until_over(dealer, 80)
        if house.run_row(dealer)["state"] == "done":
            break
    assert house.run_row(dealer)["state"] == "done", house.run_row(dealer)
