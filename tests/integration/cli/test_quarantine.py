"""`twodrive quarantine`: a workorder's way in and out, without a queue and through a real worker."""

import json
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.processes import Program
from sandbox.simulator import known
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from tests.unit.cli.running import Run
from worker.errors import ErrorCode
from worker.store.quarantine import list_failed_run

WHERE: dict[str, object] = {"WorkorderId": known.COMPLETE_ID}
LINE: dict[str, object] = {"WorkorderId": known.COMPLETE_ID, "Description": "Grote beurt"}


@pytest.fixture
def spoiled(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> str:
    """A dealer with two workorders in quarantine: one with a price that cannot be read, one without labor."""
    assert dms.patch_rows("WorkorderLine", LINE, {"Price": "28a,50"}) == 1
    for number in (known.COMPLETE, known.WITHOUT_LABOR):
        assert twodrive("import", dealer, number, "--local").exit_code == 4
    return dealer


def listed(twodrive: Run, dealer: str, *options: str) -> dict[str, str]:
    result = twodrive("quarantine", "list", dealer, "--json", *options)
    assert result.exit_code == 0, result.output
    return {
        case["wo_number"] or case["subject"]: case["reason"] or case["error_code"] for case in _json(result)
    }


def _json(result: Any) -> Any:
    return json.loads(result.stdout)


def test_from_list_to_show(twodrive: Run, spoiled: str) -> None:
    assert listed(twodrive, spoiled) == {
        known.COMPLETE: "unreadable_price",
        known.WITHOUT_LABOR: "no_labor_item",
    }
    assert listed(twodrive, spoiled, "--reason", "no_labor_item") == {known.WITHOUT_LABOR: "no_labor_item"}
    assert listed(twodrive, spoiled, "--older-than", "1h") == {}
    assert known.COMPLETE in twodrive("quarantine", "list").stdout
    shown = twodrive("quarantine", "show", spoiled, known.COMPLETE)
    assert shown.exit_code == 0
    for said in (
        "A price on the workorder cannot be read",
        "WorkorderLine",
        "Price",
        "99x,99",
        "replay",
        "search",
    ):
        assert said in shown.stdout
    assert "28a,50" not in shown.stdout
    as_json = _json(twodrive("quarantine", "show", spoiled, str(known.COMPLETE_ID), "--json"))
    assert as_json["evidence"]["findings"][0]["pattern"] == "99x,99"
    assert [attempt["reason"] for attempt in as_json["attempts"]] == ["unreadable_price"]


def test_one_is_replayed_by_its_number(
    twodrive: Run, dms: SimulatorAdmin, spoiled: str, how: list[str]
) -> None:
    again = twodrive("quarantine", "replay", spoiled, known.COMPLETE, "--local")
    assert again.exit_code == 4, again.output
    assert "1 rejected" in again.stdout
    dms.patch_rows("WorkorderLine", LINE, {"Price": "28.50"})
    mended = twodrive("quarantine", "replay", spoiled, known.COMPLETE, "--json", *how)
    assert mended.exit_code == 0, mended.output
    assert _json(mended)["outcomes"] == {"created": 1}
    assert listed(twodrive, spoiled) == {known.WITHOUT_LABOR: "no_labor_item"}


def test_a_filter_shows_first_and_asks(twodrive: Run, dms: SimulatorAdmin, spoiled: str) -> None:
    replay = ("quarantine", "replay", spoiled)
    dry = twodrive(*replay, "--dry-run")
    assert (dry.exit_code, known.COMPLETE in dry.stdout, known.WITHOUT_LABOR in dry.stdout) == (0, True, True)
    dms.clear_journal()
    assert _json(twodrive(*replay, "--dry-run", "--json"))["replayable"][0]["wo_number"] == known.COMPLETE
    refused = twodrive(*replay, "--local", input="n\n")
    assert refused.exit_code == 1
    assert dms.journal() == []
    assert twodrive(*replay, "--json").exit_code == 2
    done = twodrive(*replay, "--local", input="y\n")
    assert done.exit_code == 4, done.output
    assert "Asked for 2 again: 2 rejected." in done.stdout
    assert "Nothing can be asked" in twodrive(*replay, "--older-than", "2d").stdout
    assert _json(twodrive(*replay, "--older-than", "2d", "--json"))["replayed"] == []


def test_a_replay_right_after_a_refresh_asks_anew(
    twodrive: Run, dms: SimulatorAdmin, dealer: str, cli_worker: Program
) -> None:
    assert twodrive("import", dealer, known.COMPLETE, "--local").exit_code == 0
    dms.patch_rows("WorkorderLine", LINE, {"Price": "28a,50"})
    # Through the queue, where equal questions share an answer for a while.
    assert twodrive("refresh", dealer, known.COMPLETE).exit_code == 4
    dms.patch_rows("WorkorderLine", LINE, {"Price": "28.60"})
    mended = twodrive("quarantine", "replay", dealer, known.COMPLETE, "--json")
    assert _json(mended)["outcomes"] == {"updated": 1}


def test_a_replay_stops_where_the_rest_would_end_the_same(
    twodrive: Run, dms: SimulatorAdmin, spoiled: str
) -> None:
    twodrive("dealers", "set", spoiled, "--paused")
    paused = twodrive("quarantine", "replay", spoiled, "--yes", "--local")
    assert paused.exit_code == 3
    assert "Asked for 0 again" in paused.stdout
    twodrive("dealers", "set", spoiled, "--no-paused")
    dms.answer_status(400, times=1, match="WorkorderLine")
    failed = twodrive("quarantine", "replay", spoiled, "--yes", "--local")
    assert failed.exit_code == 1, failed.output
    assert "1 failed, 1 rejected" in failed.stdout


def test_what_failed_is_listed_without_what_was_typed(
    twodrive: Run, dms: SimulatorAdmin, dealer: str
) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    dms.answer_status(400, times=None, match="Workorder")
    assert twodrive("import", dealer, known.COMPLETE_PLATE, "--local").exit_code == 1
    assert twodrive("refresh", dealer, known.COMPLETE, "--local").exit_code == 1
    assert listed(twodrive, dealer) == {
        "search/vinacles_refused": "vinacles_refused",
        known.COMPLETE: "vinacles_refused",
    }
    shown = twodrive("quarantine", "show", dealer, "search/vinacles_refused").output
    assert "twodrive check" in shown
    assert known.COMPLETE_PLATE not in shown
    impossible = twodrive("quarantine", "replay", dealer, "search/vinacles_refused")
    assert (impossible.exit_code, "What was typed is not kept" in impossible.output) == (4, True)
    assert "leaves when a search of this dealer finds something again" in " ".join(shown.split())
    dms.clear_faults()
    done = twodrive("quarantine", "replay", dealer, "--yes", "--local")
    assert done.exit_code == 0, done.output
    assert listed(twodrive, dealer) == {"search/vinacles_refused": "vinacles_refused"}
    # A search that finds nothing reads no rows, so that it proves too little.
    assert twodrive("import", dealer, "WO-404", "--local").exit_code == 4
    assert listed(twodrive, dealer) == {"search/vinacles_refused": "vinacles_refused"}
    assert twodrive("import", dealer, known.COMPLETE, "--local").exit_code == 0
    assert listed(twodrive, dealer) == {}


@pytest.mark.parametrize("code", ErrorCode)
def test_whatever_a_run_ended_with_is_listed_and_chosen_by_it(
    twodrive: Run, dealer: str, cli_stack: Stack, code: ErrorCode
) -> None:
    ended = text(
        "UPDATE refresh_runs SET state = 'failed', error_code = :code, finished_at = now() WHERE id = :id"
    )
    with closing(cli_stack.parts()) as parts:
        run_id = parts.bulk.start(int(dealer)).run_id
        with parts.database.transaction() as connection:
            connection.execute(ended, {"code": code.value, "id": run_id})
            list_failed_run(connection, run_id, "task-1")
    assert listed(twodrive, dealer, "--reason", code.value) == {"bulk": code.value}


def test_discarded_stays_silent_until_it_changes(twodrive: Run, dms: SimulatorAdmin, spoiled: str) -> None:
    asked = twodrive("quarantine", "discard", spoiled, known.COMPLETE, input="n\n")
    assert asked.exit_code == 1
    assert len(listed(twodrive, spoiled)) == 2
    assert twodrive("quarantine", "discard", spoiled, known.COMPLETE, input="y\n").exit_code == 0
    twodrive("import", spoiled, known.COMPLETE, "--local")
    assert list(listed(twodrive, spoiled)) == [known.WITHOUT_LABOR]
    assert set(listed(twodrive, spoiled, "--discarded")) == {known.COMPLETE, known.WITHOUT_LABOR}
    dms.patch_rows("WorkorderLine", LINE, {"Price": "28b,50"})
    twodrive("import", spoiled, known.COMPLETE, "--local")
    assert set(listed(twodrive, spoiled)) == {known.COMPLETE, known.WITHOUT_LABOR}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("show", "12345678", "WO-1"), 4, "There is no dealer"),
        (("show", "{dealer}", "WO-1"), 4, "nothing in quarantine by this name"),
        (("list", "{dealer}", "--reason", "typo"), 2, "unreadable_price"),
        (("list", "{dealer}", "--older-than", "soon"), 2, "30m, 12h or 2d"),
        (("replay", "{dealer}", "WO-1", "--older-than", "1d"), 2, "not both"),
        (("discard", "{dealer}"), 0, "Nothing fits"),
        (("list", "{dealer}"), 0, "Nothing is in quarantine"),
    ],
)
def test_a_stranger_is_told_what_to_do(
    twodrive: Run, dealer: str, arguments: tuple[str, ...], exit_code: int, said: str
) -> None:
    result = twodrive("quarantine", *(word.format(dealer=dealer) for word in arguments))
    assert (result.exit_code, said in result.output) == (exit_code, True), result.output


def test_the_same_by_task(twodrive: Run, spoiled: str, cli_worker: Program) -> None:
    """A rejected workorder's id can be refreshed although it was never imported."""
    assert cli_worker.process.poll() is None
    case = _json(twodrive("quarantine", "show", spoiled, known.COMPLETE, "--json"))
    refreshed = twodrive("refresh", spoiled, case["workorder_id"], "--json")
    assert refreshed.exit_code == 4
    assert [one["outcome"] for one in _json(refreshed)["workorders"]] == ["rejected"]
