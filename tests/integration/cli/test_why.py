"""`twodrive why` on real services and the simulator."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.simulator import known
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from schemas.messages import MarkStarted
from schemas.workorder import workorder_id
from tests.unit.cli.running import Run
from worker.deadline import Deadline

COMPLETE = {"WorkorderId": known.COMPLETE_ID}


def verdicts(
    twodrive: Run, dealer: str, search: str, *options: str, exit_code: int = 0
) -> list[dict[str, Any]]:
    result = twodrive("why", dealer, search, "--json", *options)
    assert result.exit_code == exit_code, result.output
    findings: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return findings


def verdict(twodrive: Run, dealer: str, search: str, *options: str, exit_code: int = 0) -> dict[str, Any]:
    return verdicts(twodrive, dealer, search, *options, exit_code=exit_code)[0]


def test_from_never_asked_to_imported(twodrive: Run, dealer: str) -> None:
    assert verdict(twodrive, dealer, "12bdf3", exit_code=4)["verdict"] == "never_asked"
    assert verdict(twodrive, dealer, "12bdf3", "--offline", exit_code=4)["verdict"] == "not_here"
    # Asking why has imported nothing.
    assert verdict(twodrive, dealer, "12bdf3", exit_code=4)["verdict"] == "never_asked"
    twodrive("import", dealer, known.COMPLETE, "--local")
    for search in ("12bdf3", known.COMPLETE.lower()):
        for options in ([], ["--offline"]):
            found = verdict(twodrive, dealer, search, *options)
            assert (found["verdict"], found["dms_number"]) == ("imported", known.COMPLETE_ID)
            assert found["appointment"].endswith("T08:30:00")


def test_a_change_and_a_start_of_work(
    twodrive: Run, cli_stack: Stack, dealer: str, dms: SimulatorAdmin
) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    dms.patch_rows("Workorder", COMPLETE, {"Mileage": 99_123})
    found = verdict(twodrive, dealer, known.COMPLETE)
    assert (found["verdict"], found["fields"]) == ("outdated", ["mileage_km"])
    parts = cli_stack.parts()
    key = workorder_id(int(dealer), known.COMPLETE_ID)
    parts.importer.mark_started(MarkStarted(int(dealer), key, datetime.now(UTC)), Deadline.after(10))
    parts.close()
    found = verdict(twodrive, dealer, known.COMPLETE)
    assert (found["verdict"], found["fields"]) == ("held", ["mileage_km"])
    assert verdict(twodrive, dealer, known.COMPLETE, "--offline")["verdict"] == "imported"
    twodrive("refresh", dealer, known.COMPLETE, "--local")
    found = verdict(twodrive, dealer, known.COMPLETE, "--offline")
    assert (found["verdict"], found["fields"]) == ("held", [])
    assert found["held_since"] >= found["since"]
    assert verdict(twodrive, dealer, known.COMPLETE)["held_since"] == found["held_since"]
    # Back to what Claire has: nothing is held any more.
    dms.reset()
    twodrive("refresh", dealer, known.COMPLETE, "--local")
    for options in ([], ["--offline"]):
        assert verdict(twodrive, dealer, known.COMPLETE, *options)["verdict"] == "imported"


def test_rejected_now_and_remembered(twodrive: Run, dealer: str) -> None:
    found = verdict(twodrive, dealer, known.WITHOUT_LABOR, exit_code=4)
    assert (found["verdict"], found["reason"]) == ("rejected", "no_labor_item")
    assert verdict(twodrive, dealer, known.WITHOUT_LABOR, "--offline", exit_code=4)["verdict"] == "not_here"
    twodrive("import", dealer, known.WITHOUT_LABOR, "--local")
    found = verdict(twodrive, dealer, known.WITHOUT_LABOR, "--offline", exit_code=4)
    assert (found["verdict"], found["reason"]) == ("rejected", "no_labor_item")
    assert found["since"] is not None


def test_rejected_where_claire_has_an_older_version(twodrive: Run, dealer: str, dms: SimulatorAdmin) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    dms.patch_rows("WorkorderLine", COMPLETE, {"Price": "99,99x"})
    refused_now = verdict(twodrive, dealer, known.COMPLETE)
    twodrive("refresh", dealer, known.COMPLETE, "--local")
    # It is in Claire all the same: exit code 0.
    for found in (refused_now, verdict(twodrive, dealer, known.COMPLETE, "--offline")):
        assert (found["verdict"], found["reason"]) == ("rejected", "unreadable_price")
        assert found["workorder_id"] is not None
        assert f"an older version, on {found['appointment'][:10]} 08:30 at branch 1." in found["en"]


def test_a_swapped_date(twodrive: Run, dealer: str) -> None:
    twodrive("import", dealer, known.SWAPPED_DATE, "--local")
    found = verdict(twodrive, dealer, known.SWAPPED_DATE)
    assert found["verdict"] == "possible_swap"
    assert found["swapped"][5:7] == found["appointment"][8:10]


def test_a_slip_in_the_number(twodrive: Run, dealer: str) -> None:
    found = verdict(twodrive, dealer, "WO-0101", exit_code=4)
    assert found["verdict"] == "near_miss"
    assert (known.COMPLETE, "wo_number") in [(one["wo_number"], one["matched_by"]) for one in found["near"]]
    found = verdict(twodrive, dealer, "12-BFD-3", exit_code=4)
    assert found["verdict"] == "near_miss"
    assert (known.COMPLETE, "plate") in [(one["wo_number"], one["matched_by"]) for one in found["near"]]
    assert known.COMPLETE_PLATE not in json.dumps(found)
    assert verdict(twodrive, dealer, "WO-9999", exit_code=4)["verdict"] == "not_in_dms"
    assert verdict(twodrive, dealer, "%27", exit_code=4)["verdict"] == "not_searchable"


@pytest.fixture
def alone(cli_stack: Stack, dealer: str) -> None:
    """The dealers of other tests are of other dealer groups."""
    parts = cli_stack.parts()
    apart = text("UPDATE dealers SET base_url = base_url || '/' || dealer_id WHERE dealer_id <> :dealer")
    with parts.database.transaction() as connection:
        connection.execute(apart, {"dealer": int(dealer)})
    parts.close()


@pytest.mark.usefixtures("alone")
def test_at_another_branch(twodrive: Run, dealer: str) -> None:
    twodrive("dealers", "set", dealer, "--affiliate", "77")
    found = verdict(twodrive, dealer, known.COMPLETE, exit_code=4)
    assert (found["verdict"], found["affiliate_id"]) == ("other_branch", 1)
    found = verdict(twodrive, dealer, "12-BFD-3", exit_code=4)
    assert found["near"][0]["here"] is False
    assert f"{known.COMPLETE} (branch 1, not imported here)" in found["en"]


@pytest.mark.usefixtures("alone")
def test_at_another_dealer_of_the_group(twodrive: Run, cli_stack: Stack, dealer: str) -> None:
    neighbor = str(int(dealer) + 1_000)
    parts = cli_stack.parts()
    with parts.database.transaction() as connection:
        loaded = parts.dealers.load(connection, int(dealer))
        assert loaded is not None
        group = replace(loaded.dealer, dealer_id=int(neighbor), name="Garage Proefstraat", affiliates=(1,))
        assert parts.dealers.add(connection, group)
    parts.close()
    twodrive("dealers", "set", dealer, "--affiliate", "77")
    found = verdict(twodrive, dealer, known.COMPLETE, exit_code=4)
    assert (found["verdict"], found["dealer"]) == ("other_dealer", "Garage Proefstraat")
    assert verdict(twodrive, dealer, known.COMPLETE, "--offline", exit_code=4)["verdict"] == "not_here"
    twodrive("import", neighbor, known.COMPLETE, "--local")
    for search in (known.COMPLETE, "12bdf3"):
        found = verdict(twodrive, dealer, search, "--offline", exit_code=4)
        assert (found["verdict"], found["affiliate_id"]) == ("other_dealer", 1)
    # What is at a branch of one's own is nobody else's.
    for own in ("--affiliate=1", "--all-affiliates"):
        twodrive("dealers", "set", dealer, own)
        assert verdict(twodrive, dealer, known.COMPLETE, "--offline", exit_code=4)["verdict"] == "not_here"
    twodrive("dealers", "set", dealer, "--affiliate", "77")
    elsewhere = "https://groep-zuid.example"
    twodrive("dealers", "set", neighbor, "--base-url", elsewhere, "--token-url", f"{elsewhere}/token")
    found = verdict(twodrive, dealer, known.COMPLETE, exit_code=4)
    assert (found["verdict"], found["dealer"]) == ("other_branch", None)
    assert verdict(twodrive, dealer, known.COMPLETE, "--offline", exit_code=4)["verdict"] == "not_here"


def test_outside_the_days_that_come_without_a_search(twodrive: Run, dealer: str) -> None:
    twodrive("dealers", "set", dealer, "--import-new-in-bulk")
    assert verdict(twodrive, dealer, known.COMPLETE, exit_code=4)["verdict"] == "never_asked"
    found = verdict(twodrive, dealer, known.SWAPPED_DATE, exit_code=4)
    assert found["verdict"] == "outside_days"
    assert found["swapped"][5:7] == found["appointment"][8:10]


def test_vanished_from_the_dms(twodrive: Run, dealer: str, dms: SimulatorAdmin) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    dms.delete_rows("Workorder", COMPLETE)
    found = verdict(twodrive, dealer, known.COMPLETE, exit_code=4)
    assert (found["verdict"], found["since"]) == ("vanished", None)
    twodrive("refresh", dealer, known.COMPLETE, "--local")
    found = verdict(twodrive, dealer, known.COMPLETE, "--offline", exit_code=4)
    assert found["verdict"] == "vanished"
    assert found["since"] is not None


def test_renumbered_in_the_dms_is_not_vanished(twodrive: Run, dealer: str, dms: SimulatorAdmin) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    dms.patch_rows("Workorder", COMPLETE, {"WONUMMER": "WO-7777"})
    found = verdict(twodrive, dealer, known.COMPLETE)
    assert (found["verdict"], found["fields"]) == ("outdated", ["wo_number"])


def test_a_vinacles_that_is_away(twodrive: Run, dealer: str, dms: SimulatorAdmin, monkeypatch: Any) -> None:
    monkeypatch.setenv("TWODRIVE_INTERACTIVE_DEADLINE_SECONDS", "2")
    twodrive("import", dealer, known.COMPLETE, "--local")
    dms.answer_status(503, times=None)
    assert twodrive("import", dealer, "WO-9999", "--local").exit_code == 5
    found = verdict(twodrive, dealer, "WO-9999", exit_code=4)
    assert (found["verdict"], found["error_code"]) == ("vinacles_away", "vinacles_unavailable")
    assert found["since"] is not None
    told = [one["verdict"] for one in verdicts(twodrive, dealer, known.COMPLETE)]
    assert told == ["imported", "vinacles_away"]


def test_an_open_circuit(twodrive: Run, dealer: str, dms: SimulatorAdmin, monkeypatch: Any) -> None:
    monkeypatch.setenv("TWODRIVE_INTERACTIVE_DEADLINE_SECONDS", "1")
    dms.answer_status(503, times=None)
    for _ in range(10):
        found = verdict(twodrive, dealer, "WO-9999", exit_code=4)
        if found["verdict"] == "circuit_open":
            break
        assert found["verdict"] == "vinacles_away"
    assert found["verdict"] == "circuit_open"
    assert found["until"] > found["since"]


def test_a_request_of_the_backend_that_waits(twodrive: Run, cli_stack: Stack, dealer: str) -> None:
    parts = cli_stack.parts()
    asked = text(
        "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:dealer, 'import', ' 12bdf3')"
    )
    with parts.database.transaction() as connection:
        connection.execute(asked, {"dealer": int(dealer)})
    parts.close()
    assert verdict(twodrive, dealer, "12-BDF-3", exit_code=4)["verdict"] == "waiting"
    assert verdict(twodrive, dealer, "WO-9999", exit_code=4)["verdict"] == "not_in_dms"


def test_the_sentences_for_a_person(twodrive: Run, dealer: str) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    assert "It is in Claire, with its appointment on" in twodrive("why", dealer, known.COMPLETE).stdout
    dutch = twodrive("why", dealer, known.COMPLETE, "--language", "nl").stdout
    assert "Hij staat in Claire" in dutch
    assert "→" in dutch
    unknown = twodrive("why", dealer, "WO-9999", "--language", "nl").stdout
    assert unknown.startswith("antwoord")
    assert "not_in_dms" not in unknown


def test_an_unknown_dealer_is_an_error(twodrive: Run) -> None:
    result = twodrive("why", "999999", known.COMPLETE)
    assert result.exit_code == 4
    assert "twodrive dealers add" in result.output
