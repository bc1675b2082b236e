"""`twodrive history` on real services and the simulator."""

import json

import pytest

from sandbox.simulator import known
from sandbox.simulator.admin import SimulatorAdmin
from schemas.workorder import workorder_id
from tests.unit.cli.running import Run

COMPLETE = {"WorkorderId": known.COMPLETE_ID}


@pytest.mark.parametrize("named", ["number", "id"])
def test_history_tells_imports_and_changes(
    twodrive: Run, dealer: str, dms: SimulatorAdmin, named: str
) -> None:
    twodrive("import", dealer, known.COMPLETE, "--local")
    dms.patch_rows("Workorder", COMPLETE, {"Mileage": 99_123})
    dms.patch_rows("WorkorderContact", {**COMPLETE, "Role": "Driver"}, {"LastName": "Canarius"})
    twodrive("refresh", dealer, known.COMPLETE, "--local")
    key = str(workorder_id(int(dealer), known.COMPLETE_ID)) if named == "id" else known.COMPLETE
    result = twodrive("history", dealer, key, "--json")
    told = json.loads(result.stdout)
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["updated", "created"]
    changes = {change["path"]: (change["old"], change["new"]) for change in told["changes"]}
    assert changes["mileage_km"][1] == "99123"
    assert changes["contacts.driver.last_name"] == (None, None)
    shown = twodrive("history", dealer, key).stdout
    assert "mileage_km" in shown
    assert "99123" in shown
    assert "Canarius" not in shown + result.stdout


def test_history_of_nothing_says_what_to_do(twodrive: Run, dealer: str) -> None:
    result = twodrive("history", dealer, "WO-9999")
    assert result.exit_code == 4
    assert f"twodrive import {dealer}" in result.output
