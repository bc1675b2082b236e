"""The simulator by its remote control: journal, rows, faults, settings, clock."""

import json
import signal
from pathlib import Path

import pytest
import requests

from sandbox.simulator import known
from sandbox.simulator.admin import patch
from sandbox.simulator.running import SimulatorProcess
from tests.integration.simulator.asking import get


def test_the_journal_shows_what_was_asked_but_no_token(
    simulator: SimulatorProcess, session: requests.Session
) -> None:
    get(simulator, session, "/api/Workorder?$select=WONUMMER,Make&$filter=WONUMMER%20eq%20'A%26B'")
    session.post(simulator.base_url + "/api/Workorder", timeout=10)
    token, read, written = simulator.admin.journal()
    assert (token.method, token.path) == ("POST", "/oauth/token")
    assert (read.method, read.path, read.status) == ("GET", "/api/Workorder", 200)
    assert read.query == "$select=WONUMMER,Make&$filter=WONUMMER%20eq%20'A%26B'"
    assert read.select == ("WONUMMER", "Make")
    assert read.headers["authorization"] == "Bearer ***"
    assert (written.method, written.status) == ("POST", 405)
    counts = simulator.admin.request_counts()
    assert (counts["requests"], counts["token"], counts["Workorder"], counts["status 405"]) == (3, 1, 2, 1)
    assert simulator.admin.tokens_issued() == 1
    simulator.admin.clear_journal()
    assert simulator.admin.journal() == []


def test_rows_can_be_changed(simulator: SimulatorProcess, session: requests.Session) -> None:
    admin = simulator.admin
    line = {"WorkorderId": known.COMPLETE_ID, "JobNumber": 1, "LineType": "Labor"}
    assert admin.patch_rows("WorkorderLine", line, {"Price": "310.00"}) == 1
    assert admin.delete_rows("WorkorderContact", {"WorkorderId": known.COMPLETE_ID, "Role": "Owner"}) == 1
    admin.put_row("Workorder", {"WorkorderId": 7, "WONUMMER": "NEW-1", "AffiliateId": 1})
    assert admin.row_counts()["Workorder"] == 73
    condition = f"WorkorderId%20eq%20{known.COMPLETE_ID}%20and%20Price%20eq%20310"
    target = f"/api/WorkorderLine?$select=Price&$filter={condition}"
    assert get(simulator, session, target).text == '{"value":[{"Price":310.00}]}'
    admin.reset()
    assert admin.row_counts()["Workorder"] == 72


def test_faults_are_listed_and_removed(simulator: SimulatorProcess, session: requests.Session) -> None:
    admin = simulator.admin
    first = admin.answer_status(503, times=None, retry_after="1", body="html")
    admin.add_fault("change_rows", changes=[patch("Workorder", {}, {"Make": "Kia"})], match="WorkorderLine")
    response = get(simulator, session)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert [(fault["kind"], fault["hits"]) for fault in admin.faults()] == [("status", 1), ("change_rows", 0)]
    admin.remove_fault(first)
    assert get(simulator, session).status_code == 200
    admin.clear_faults()
    assert admin.faults() == []


def test_tokens_can_be_expired(simulator: SimulatorProcess, session: requests.Session) -> None:
    simulator.admin.expire_tokens()
    assert get(simulator, session).status_code == 401


def test_the_clock_can_be_moved(simulator: SimulatorProcess, session: requests.Session) -> None:
    before = simulator.admin.clock_seconds()
    simulator.admin.advance_clock(100_000)
    assert simulator.admin.clock_seconds() >= before + 100_000
    assert get(simulator, session).status_code == 401


@pytest.mark.parametrize(
    "change", [{"colour": 1}, {"latency_ms": "fast"}, {"page_max": 1.5}, {"next_link": "sideways"}]
)
def test_a_wrong_setting_is_refused(simulator: SimulatorProcess, change: dict[str, object]) -> None:
    before = simulator.admin.settings()
    with pytest.raises(requests.HTTPError):
        simulator.admin.set(**change)
    assert simulator.admin.settings() == before


def test_wrong_changes_are_refused(simulator: SimulatorProcess) -> None:
    for change in (
        {"action": "put", "entity": "Car", "row": {}},
        {"action": "put", "entity": "Workorder", "row": {"WONUMMER": "x"}},
        {"action": "patch", "entity": "Workorder", "where": {"Colour": 1}, "values": {}},
        {"action": "burn", "entity": "Workorder"},
        patch("Workorder", {}, {"WorkorderId": 1}),
    ):
        with pytest.raises(requests.HTTPError):
            simulator.admin.change_rows([change])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_leaves_only_its_log(tmp_path: Path, number: signal.Signals) -> None:
    process = SimulatorProcess(tmp_path, workorders=5, seed=3, latency_ms=1)
    said = json.loads(process.program.tail())
    assert said["base_url"] == process.base_url
    assert process.admin.settings()["latency_ms"] == 1
    process.admin.close()
    assert process.program.stop(number) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["simulator.log"]
    assert "Traceback" not in process.program.tail()
