"""Pages: sizes, cursors and the links to the next one."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.simulator.settings import NextLink
from sandbox.simulator.tables import CONTACT, LINE, WORKORDER, Entity, Kind
from tests.unit.simulator.tenants import Tenant, path_of, url


def test_first_1_gives_one_row_and_a_link_as_data_api_builder_writes_it(tenant: Tenant) -> None:
    page = json.loads(tenant.ask("/api/Workorder?$first=1").body)
    assert len(page["value"]) == 1
    front, after = page["nextLink"].split("&$after=")
    assert front == "http://tenant.example:8443/api/Workorder?%24first=1"
    assert json.loads(base64.b64decode(after)) == [
        {"EntityName": "Workorder", "FieldName": "WorkorderId", "FieldValue": 100001, "Direction": 0}
    ]


def test_the_link_repeats_the_other_options_percent_encoded(tenant: Tenant) -> None:
    link = tenant.read("Workorder", select="WONUMMER", filter="LicensePlate ne 'A&B'", first=2)["nextLink"]
    assert "%24select=WONUMMER&%24filter=LicensePlate%20ne%20%27A%26B%27&%24first=2&$after=" in link


def test_after_alone_continues(tenant: Tenant) -> None:
    page = tenant.read("Workorder", first=5)
    after = page["nextLink"].split("$after=")[1]
    following = tenant.rows("Workorder", after=after)
    assert following == tenant.all_rows("Workorder")[5:105]


def test_over_100_rows_without_first_are_100(tenant: Tenant) -> None:
    page = tenant.read("Workorder")
    assert len(page["value"]) == 100
    assert "nextLink" in page


def test_the_end_is_the_missing_link_even_on_a_full_page(tenant: Tenant) -> None:
    page = tenant.read("Workorder", first=132)
    assert len(page["value"]) == 132
    assert page.keys() == {"value"}


def test_first_minus_1_is_the_maximum(tenant: Tenant) -> None:
    tenant.site.settings = tenant.site.settings.patched({"page_max": 7})
    assert len(tenant.rows("Workorder", first=-1)) == 7
    assert len(tenant.rows("Workorder")) == 7


@pytest.mark.parametrize("first", ["0", "-2", "8", "x", "1.5", "1,2", "", "99999999999999999999"])
def test_first_outside_the_limits_is_refused_and_the_maximum_named(tenant: Tenant, first: str) -> None:
    tenant.site.settings = tenant.site.settings.patched({"page_max": 7})
    status, code, text = tenant.error(url("Workorder", first=first))
    assert (status, code) == (400, "BadRequest")
    assert "within the max page size limit of 7." in text


def test_a_page_that_is_too_big_is_a_413(tenant: Tenant) -> None:
    tenant.site.settings = tenant.site.settings.patched({"largest_page": 50})
    for options in ({"first": 51}, {}, {"first": -1}):
        assert tenant.error(url("Workorder", **options))[:2] == (413, "ErrorProcessingData")
    assert len(tenant.rows("Workorder", first=50)) == 50
    # What counts is what would be sent, not what was allowed.
    assert len(tenant.rows("Workorder", first=100, filter="WONUMMER eq 'A&B'")) == 1


@pytest.mark.parametrize(
    "after",
    ["x", "W10=", "bnVsbA==", base64.b64encode(b'[{"FieldName":"VIN"}]').decode(), "e30=", "MQ=="],
)
def test_a_broken_cursor_is_refused(tenant: Tenant, after: str) -> None:
    assert tenant.error(url("Workorder", after=after))[:2] == (400, "BadRequest")


def test_a_cursor_of_another_order_is_refused(tenant: Tenant) -> None:
    link = tenant.read("Workorder", first=1, orderby="Mileage desc")["nextLink"]
    assert "Could not match order by column" in tenant.error(path_of(link).replace("desc", "asc"))[2]


def test_a_plus_in_a_cursor_has_to_be_escaped(tenant: Tenant) -> None:
    """`+` in a query is a space, and .NET skips spaces in base64."""
    tenant.site.database.patch(WORKORDER, {}, {"Make": "~~~~~"})
    page = tenant.read("Workorder", first=1, orderby="Make desc", select="Make")
    after = page["nextLink"].split("$after=")[1]
    assert "+" in after
    assert tenant.error(f"/api/Workorder?$orderby=Make%20desc&$after={after}")[0] == 400
    assert tenant.ask(f"/api/Workorder?$orderby=Make%20desc&$after={quote(after, safe='')}").status == 200


@pytest.mark.parametrize(
    ("style", "start"),
    [
        (NextLink.ABSOLUTE, "http://tenant.example:8443/api/Workorder?"),
        (NextLink.RELATIVE, "/api/Workorder?"),
        (NextLink.BEHIND_PROXY, "http://tenant.example/api/Workorder?"),
        (NextLink.FOREIGN, "https://elsewhere.example/api/Workorder?"),
    ],
)
def test_the_link_can_look_otherwise(tenant: Tenant, style: NextLink, start: str) -> None:
    tenant.site.settings = tenant.site.settings.patched({"next_link": style.value})
    assert tenant.read("Workorder", first=1)["nextLink"].startswith(start)


def test_a_repeating_link_leads_to_the_same_page_for_ever(tenant: Tenant) -> None:
    tenant.arm("next_link", next_link="repeating", times=None)
    second = tenant.ask(path_of(tenant.read("Workorder", first=3)["nextLink"]))
    again = tenant.ask(path_of(json.loads(second.body)["nextLink"]))
    assert json.loads(again.body) == json.loads(second.body)


@given(
    entity=st.sampled_from([WORKORDER, LINE, CONTACT]),
    data=st.data(),
    first=st.integers(min_value=15, max_value=150),
)
def test_every_row_comes_once_in_order_whatever_the_page(
    tenant: Tenant, entity: Entity, data: st.DataObject, first: int
) -> None:
    columns = data.draw(st.lists(st.sampled_from(entity.columns), unique=True, max_size=2))
    order = ",".join(f"{column.name} {data.draw(st.sampled_from(['asc', 'desc']))}" for column in columns)
    options: dict[str, Any] = {"orderby": order} if order else {}
    in_pages = tenant.all_rows(entity.name, first=first, **options)
    assert in_pages == tenant.rows(entity.name, first=-1, **options)
    keys = [tuple(row[name] for name in entity.key) for row in in_pages]
    assert len(set(keys)) == len(keys) == tenant.site.database.count(entity)


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_numbers_and_texts_are_sorted_and_nulls_are_lowest(tenant: Tenant, direction: str) -> None:
    for name in ("Mileage", "LicensePlate"):
        values = [row[name] for row in tenant.all_rows("Workorder", orderby=f"{name} {direction}")]
        column = WORKORDER.column(name)
        assert column is not None
        text = column.kind is Kind.STRING
        keys = [
            (value is not None, value.strip().casefold() if text and value else value or 0)
            for value in values
        ]
        assert keys == sorted(keys, reverse=direction == "desc")
