"""`twodrive drift`, and what `twodrive check` puts on record."""

import json
from typing import Any

from sandbox.simulator import known
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from tests.unit.cli.running import Run


def _listed(twodrive: Run, dealer: str, *options: str) -> list[dict[str, Any]]:
    result = twodrive("drift", dealer, "--json", *options)
    assert result.exit_code == 0, result.output
    drifts: list[dict[str, Any]] = json.loads(result.stdout)["drifts"]
    return drifts


def test_from_the_first_report_to_the_acknowledgment(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    assert "Nothing differs" in twodrive("drift", dealer).stdout
    dms.add_fault("omitted_column", match="WorkorderLine", column="Quantity", times=None)
    assert twodrive("import", dealer, known.COMPLETE, "--local").exit_code == 0
    [one] = _listed(twodrive, dealer)
    assert (one["entity"], one["column"], one["kind"]) == ("WorkorderLine", "Quantity", "missing_column")
    assert (one["found"], one["times"], one["policy"], one["acknowledged_at"]) == (None, 1, "warn", None)
    assert "WorkorderLine.Quantity" in twodrive("drift").stdout
    assert "1 difference(s)" in twodrive("drift", "acknowledge", dealer, "Quantity").stdout
    assert _listed(twodrive, dealer) == []
    [one] = _listed(twodrive, dealer, "--everything")
    assert one["acknowledged_at"] is not None
    assert twodrive("drift", "acknowledge", dealer).stdout.startswith("0 difference(s)")


def test_a_policy_is_chosen_shown_and_forgotten(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    dms.add_fault("omitted_column", match="WorkorderLine", column="Quantity", times=None)
    assert twodrive("drift", "policy", dealer, "Quantity", "block").exit_code == 0
    refused = twodrive("import", dealer, known.COMPLETE, "--local")
    assert refused.exit_code != 0
    assert f"twodrive drift policy {dealer} WorkorderLine.Quantity warn" in refused.stderr
    [one] = _listed(twodrive, dealer)
    assert one["policy"] == "block"
    assert f"policy of dealer {dealer}: block WorkorderLine.Quantity" in twodrive("drift", dealer).stdout
    assert twodrive("drift", "policy", dealer, "Quantity", "default").exit_code == 0
    assert twodrive("import", dealer, known.COMPLETE, "--local").exit_code == 0


def test_a_field_that_is_none_is_refused_with_what_to_say(twodrive: Run, dealer: str, new_id: str) -> None:
    assert "Workorder.WorkorderId, WorkorderLine.WorkorderId" in (
        twodrive("drift", "policy", dealer, "WorkorderId", "block").stderr
    )
    assert "WorkorderLine.Price" in twodrive("drift", "policy", "all", "Vat", "allow").stderr
    assert "not read" in twodrive("drift", "policy", "all", "WorkorderLine.Vat", "block").stderr
    assert "Workorder, WorkorderLine" in twodrive("drift", "policy", "all", "Line.Price", "warn").stderr
    assert twodrive("drift", "policy", "everybody", "Price", "warn").exit_code == 2
    unknown = str(int(new_id) + 10**6)
    assert [twodrive("drift", *words).exit_code for words in ([unknown], ["acknowledge", unknown])] == [4, 4]


def test_check_finds_the_column_that_is_refused(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    dms.set(hide_openapi=True)
    dms.add_fault("renamed_column", match="Workorder", column="Mileage", value="Odometer", times=None)
    dms.add_fault("forbidden_column", match="WorkorderLine", column="Price", times=None)
    result = twodrive("check", dealer)
    assert result.exit_code == 1
    assert "Workorder: missing or not to be read: Mileage" in result.stdout
    assert "WorkorderLine: missing or not to be read: Price" in result.stdout
    kinds = {(one["column"], one["kind"]) for one in _listed(twodrive, dealer)}
    assert kinds == {("Mileage", "unreadable_column"), ("Price", "unreadable_column")}


def test_check_tells_a_missing_column_once(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    dms.add_fault("missing_column", match="WorkorderLine", column="Quantity", times=None)
    assert twodrive("check", dealer).exit_code == 1
    assert [(one["column"], one["kind"]) for one in _listed(twodrive, dealer)] == [
        ("Quantity", "missing_column")
    ]


def test_check_tells_new_columns_once_and_not_those_of_its_first_look(
    twodrive: Run, dms: SimulatorAdmin, dealer: str
) -> None:
    dms.add_fault("missing_column", match="Workorder", column="VIN", times=None)
    assert "new columns" not in twodrive("check", dealer).stdout
    assert _listed(twodrive, dealer) == []
    dms.clear_faults()
    result = twodrive("check", dealer)
    assert result.exit_code == 0
    assert "new, and not asked for: Workorder.VIN" in result.stdout
    [one] = _listed(twodrive, dealer)
    assert (one["column"], one["kind"], one["found"]) == ("VIN", "new_column", "string")
    assert "new columns" not in twodrive("check", dealer).stdout


def test_check_compares_the_document(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    dms.add_fault("renamed_column", match="WorkorderLine", column="LineId", value="Id", times=None)
    result = twodrive("check", dealer)
    assert "WorkorderLine.LineId: is missing; WorkorderLine.LineId: is not the key (Id)" in result.stdout


def test_it_says_where_new_columns_cannot_be_noticed(
    twodrive: Run, dms: SimulatorAdmin, dealer: str, cli_stack: Stack
) -> None:
    assert f"of dealer {dealer}: not looked at yet" in twodrive("drift", dealer).stdout
    dms.set(hide_openapi=True)
    parts = cli_stack.parts()
    parts.listing.look(int(dealer))
    parts.close()
    assert "hidden, so that new columns are not noticed" in twodrive("drift", dealer).stdout
    [listed] = json.loads(twodrive("drift", dealer, "--json").stdout)["lists"]
    assert (listed["dealer_id"], listed["document"]) == (int(dealer), "hidden")
