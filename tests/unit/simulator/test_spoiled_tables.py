"""What faults do to tables: columns, pages, rows and filters."""

import json

import pytest

from sandbox.simulator import known
from tests.unit.simulator.tenants import Tenant, url

TARGET = "/api/Workorder?$first=2&$select=WorkorderId"


def test_a_lower_maximum_page_size(tenant: Tenant) -> None:
    tenant.arm("page_max", page_max=10, times=None)
    assert "limit of 10." in tenant.error(url("Workorder", first=11))[2]
    assert len(tenant.rows("Workorder", first=10)) == 10


def test_a_missing_column(tenant: Tenant) -> None:
    tenant.arm("missing_column", match="Workorder", column="ModifiedOn", times=None)
    assert tenant.error(url("Workorder", select="ModifiedOn"))[2].endswith("requested: ModifiedOn")
    assert tenant.error(url("Workorder", filter="ModifiedOn eq null"))[0] == 400
    assert "ModifiedOn" not in tenant.rows("Workorder", first=1)[0]
    assert "ModifiedOn" not in tenant.ask("/api/openapi").body.decode()


def test_a_renamed_column(tenant: Tenant) -> None:
    tenant.arm("renamed_column", match="Workorder", column="WONUMMER", value="WoNumber", times=None)
    assert tenant.error(url("Workorder", select="WONUMMER"))[0] == 400
    (row,) = tenant.rows("Workorder", select="WoNumber", filter="WoNumber eq 'A&B'")
    assert row == {"WoNumber": "A&B"}
    document = json.loads(tenant.ask("/api/openapi").body)
    assert "WoNumber" in document["components"]["schemas"]["Workorder"]["properties"]


def test_a_column_that_may_not_be_read(tenant: Tenant) -> None:
    tenant.arm("forbidden_column", match="Workorder", column="Mileage", times=None)
    assert "Mileage" not in tenant.rows("Workorder", first=1)[0]
    for options in (
        {"select": "WONUMMER,Mileage"},
        {"select": "WONUMMER", "filter": "Mileage gt 0"},
        {"select": "WONUMMER", "orderby": "Mileage desc", "first": 1},
    ):
        assert tenant.error(url("Workorder", **options))[:2] == (403, "AuthorizationCheckFailed")


def test_a_key_that_may_not_be_read_is_still_what_pages_are_ordered_by(tenant: Tenant) -> None:
    tenant.arm("forbidden_column", match="Workorder", column="WorkorderId", times=None)
    assert tenant.error(f"/api/Workorder/WorkorderId/{known.COMPLETE_ID}")[0] == 403
    assert len(tenant.all_rows("Workorder", select="WONUMMER", first=50)) == 132


def test_a_column_can_be_missing_in_the_description_alone(tenant: Tenant) -> None:
    tenant.arm("missing_column", match="openapi", column="Mileage", times=None)
    assert "Mileage" not in tenant.ask("/api/openapi").body.decode()
    assert "Mileage" in tenant.rows("Workorder", first=1)[0]


def test_an_omitted_column_keeps_the_digits_of_the_others(tenant: Tenant) -> None:
    tenant.arm("omitted_column", column="Description")
    options = {
        "select": "Description,Price",
        "filter": f"WorkorderId eq {known.COMPLETE_ID} and Price eq 285",
    }
    assert tenant.ask(url("WorkorderLine", **options)).body == b'{"value":[{"Price":285.0000}]}'


def test_a_new_line_type(tenant: Tenant) -> None:
    tenant.arm("line_type", column="part", value="Subcontract")
    lines = tenant.rows("WorkorderLine", filter=f"WorkorderId eq {known.COMPLETE_ID}")
    assert [line["LineType"] for line in lines].count("Subcontract") == 3
    assert {line["LineType"] for line in lines} == {"Labor", "Subcontract"}


def test_rows_that_change_between_two_pages(tenant: Tenant) -> None:
    change = {
        "action": "patch",
        "entity": "Workorder",
        "where": {"WorkorderId": known.COMPLETE_ID},
        "values": {"Make": "Volvo"},
    }
    tenant.arm("change_rows", changes=[change], match="Workorder")
    options = {"filter": f"WorkorderId eq {known.COMPLETE_ID}", "select": "Make"}
    assert [tenant.rows("Workorder", **options)[0]["Make"] for _ in range(2)] == ["Volkswagen", "Volvo"]


def test_the_same_row_twice(tenant: Tenant) -> None:
    tenant.arm("repeat_row")
    rows = tenant.rows("Workorder", first=3)
    assert len(rows) == 4
    assert rows[-1] == rows[-2]


def test_a_page_that_is_shorter_than_asked_for_leads_on(tenant: Tenant) -> None:
    tenant.arm("short_page", page_max=2, match="Workorder")
    page = tenant.read("Workorder", first=5)
    assert (len(page["value"]), "nextLink" in page) == (2, True)
    assert len(tenant.rows("Workorder", first=5)) == 5


@pytest.mark.parametrize("status", [400, 500])
def test_a_datetime_filter_that_fails(tenant: Tenant, status: int) -> None:
    tenant.arm("datetime_filter", status=status)
    assert tenant.ask(url("Workorder", filter="WorkorderId eq 5")).status == 200
    assert tenant.error(url("Workorder", filter="ModifiedOn ge 2026-11-22T00:00:00Z"))[0] == status
