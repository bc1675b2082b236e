"""`twodrive import` and `refresh`, without a queue and through a real worker."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.processes import wait_until
from sandbox.simulator import known
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from schemas.messages import MarkStarted
from schemas.workorder import workorder_id
from tests.unit.cli.running import Run
from worker.deadline import Deadline


def _answer(twodrive: Run, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    result = twodrive(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_from_search_to_card(twodrive: Run, dealer: str, how: list[str]) -> None:
    result = twodrive("import", dealer, "12bdf3", "--contacts", *how)
    assert result.exit_code == 0, result.output
    for said in (
        known.COMPLETE,
        known.COMPLETE_PLATE,
        "Grote beurt",
        "OX 188D",
        "€ 285.00",
        "created",
        "tomorrow",
    ):
        assert said in result.stdout
    answer = _answer(twodrive, "import", dealer, known.COMPLETE, *how)
    assert [one["outcome"] for one in answer["workorders"]] == ["unchanged"]
    assert answer["request_id"].startswith("cli-")


def test_contacts_stay_on_the_terminal(twodrive: Run, cli_stack: Stack, dealer: str) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    quiet = twodrive("import", dealer, known.COMPLETE, "--local").output
    shown = twodrive("import", dealer, known.COMPLETE, "--local", "--contacts").output
    in_json = twodrive("import", dealer, known.COMPLETE, "--local", "--json").output
    parts = cli_stack.parts()
    try:
        with parts.database.transaction() as connection:
            rows = connection.exec_driver_sql(
                "SELECT c.last_name FROM contacts c JOIN workorders w ON w.id = c.workorder_id "
                f"WHERE w.dealer_id = {int(dealer)} AND c.last_name IS NOT NULL"
            ).scalars()
            names = list(rows)
    finally:
        parts.close()
    assert names
    for name in names:
        assert name in shown
        assert name not in quiet + in_json


def test_refusals_are_exit_code_4_with_a_sentence(twodrive: Run, dealer: str, how: list[str]) -> None:
    refused = twodrive("import", dealer, known.WITHOUT_LABOR, "--language", "nl", *how)
    assert refused.exit_code == 4
    assert "De werkorder heeft geen arbeidsregel" in refused.stdout
    unknown = twodrive("import", dealer, "WO-404404", *how)
    assert unknown.exit_code == 4
    assert "No workorder with this number or plate" in unknown.stdout
    assert _answer(twodrive, "import", dealer, "%27", *how, exit_code=4)["found"] == 0


def test_refresh_by_id_and_by_number(twodrive: Run, dms: SimulatorAdmin, dealer: str, how: list[str]) -> None:
    assert twodrive("refresh", dealer, known.COMPLETE, *how).exit_code == 4
    twodrive("import", dealer, known.COMPLETE, "--local")
    where: dict[str, object] = {"WorkorderId": known.COMPLETE_ID}
    assert dms.patch_rows("Workorder", where, {"Mileage": 123_456}) == 1
    changed = twodrive("refresh", dealer, known.COMPLETE, *how)
    assert changed.exit_code == 0, changed.output
    assert "Changed: mileage_km" in changed.stdout
    assert "123,456 km" in changed.stdout
    by_id = str(workorder_id(int(dealer), known.COMPLETE_ID))

    def outcome() -> str:
        return str(_answer(twodrive, "refresh", dealer, by_id, *how)["workorders"][0]["outcome"])

    # Through the queue, an equal question gets the same answer for a moment.
    wait_until(lambda: outcome() == "unchanged", 30, "another answer")
    nobody = str(workorder_id(int(dealer), 1))
    assert twodrive("refresh", dealer, nobody, *how).exit_code == 4


def test_held_is_exit_code_4(twodrive: Run, cli_stack: Stack, dms: SimulatorAdmin, dealer: str) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    parts = cli_stack.parts()
    try:
        started = MarkStarted(int(dealer), workorder_id(int(dealer), known.COMPLETE_ID), datetime.now(UTC))
        parts.importer.mark_started(started, Deadline.after(10))
    finally:
        parts.close()
    dms.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"Mileage": 123_456})
    result = twodrive("refresh", dealer, known.COMPLETE, "--local")
    assert result.exit_code == 4
    assert "Kept as it was: mileage_km" in result.stdout
    assert "Work started" in result.stdout


def test_a_number_that_two_branches_use(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    for number in known.SAME_PLATE_IDS:
        dms.patch_rows("Workorder", {"WorkorderId": number}, {"WONUMMER": "WO-TWICE"})
    answer = _answer(twodrive, "import", dealer, "WO-TWICE", "--local")
    result = twodrive("refresh", dealer, "WO-TWICE", "--local")
    assert result.exit_code == 2
    for one in answer["workorders"]:
        assert one["workorder_id"] in result.stderr


def test_an_unknown_dealer(twodrive: Run, new_id: str, how: list[str]) -> None:
    result = twodrive("import", new_id, known.COMPLETE, *how)
    assert result.exit_code == 4
    assert f"There is no dealer {new_id}." in result.stderr


def test_a_paused_dealer(twodrive: Run, dealer: str, how: list[str]) -> None:
    twodrive("dealers", "set", dealer, "--paused")
    result = twodrive("import", dealer, known.COMPLETE, *how)
    assert result.exit_code == 3
    assert f"twodrive dealers set {dealer} --no-paused" in result.stderr


def test_a_vinacles_that_is_down(
    twodrive: Run, dms: SimulatorAdmin, dealer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWODRIVE_INTERACTIVE_DEADLINE_SECONDS", "3")
    dms.answer_status(503, times=None)
    result = twodrive("import", dealer, known.COMPLETE, "--local")
    assert result.exit_code == 5
    assert "HTTP 503" in result.stderr


@pytest.mark.parametrize("search", ["", "x" * 501])
def test_a_message_that_the_worker_would_refuse_is_not_sent(twodrive: Run, dealer: str, search: str) -> None:
    result = twodrive("import", dealer, search)
    assert result.exit_code == 2
    assert "`search` must be a text of 1 to 500 characters" in result.stderr
