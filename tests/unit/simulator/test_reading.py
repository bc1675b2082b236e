"""Reading rows: filters, columns, types of the answer."""

import json
import operator
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.simulator import known
from sandbox.simulator.tables import WORKORDER, Row
from tests.unit.simulator.tenants import TODAY, Tenant, url

COMPARISONS = {name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")}


def numbers(rows: Sequence[dict[str, Any]]) -> list[object]:
    return [row["WONUMMER"] for row in rows]


def test_select_gives_just_the_columns_in_the_order_asked(tenant: Tenant) -> None:
    (row,) = tenant.rows(
        "Workorder", select="WONUMMER,WorkorderId", filter=f"WorkorderId eq {known.COMPLETE_ID}"
    )
    assert list(row.items()) == [("WONUMMER", known.COMPLETE), ("WorkorderId", known.COMPLETE_ID)]


def test_without_select_every_column_comes(tenant: Tenant) -> None:
    (row,) = tenant.rows("Workorder", first=1)
    assert {"WorkorderId", "ModifiedOn", "VIN", "InternalRemark"} <= row.keys()


def test_null_is_present_for_selected_columns(tenant: Tenant) -> None:
    (row,) = tenant.rows("Workorder", select="LicensePlate", filter="WONUMMER eq 'A&B'")
    assert row == {"LicensePlate": None}


@pytest.mark.parametrize("number", known.AWKWARD)
def test_awkward_numbers_are_found(tenant: Tenant, number: str) -> None:
    quoted = number.replace("'", "''")
    assert numbers(tenant.rows("Workorder", filter=f"WONUMMER eq '{quoted}'")) == [number]


def test_sql_in_a_literal_is_only_a_literal(tenant: Tenant) -> None:
    for text in ("x'' or 1 eq 1", "''; DROP TABLE Workorder;--", "' UNION SELECT 1"):
        quoted = text.replace("''", "'").replace("'", "''")
        assert tenant.rows("Workorder", filter=f"WONUMMER eq '{quoted}'") == []
    assert tenant.rows("Workorder", first=1)


def test_a_condition_that_always_holds_shows_an_injection(tenant: Tenant) -> None:
    assert len(tenant.all_rows("Workorder", filter="WONUMMER eq 'x' or 1 eq 1")) == 132


def test_texts_compare_without_case_and_trailing_spaces(tenant: Tenant) -> None:
    for text in ("wo-1001", "WO-1001  "):
        assert numbers(tenant.rows("Workorder", filter=f"WONUMMER eq '{text}'")) == [known.COMPLETE]
    tenant.site.settings = tenant.site.settings.patched({"case_insensitive": False})
    assert tenant.rows("Workorder", filter="WONUMMER eq 'wo-1001'") == []
    assert tenant.rows("Workorder", filter="WONUMMER eq 'WO-1001'")


def test_a_plate_is_found_only_as_it_is_stored(tenant: Tenant) -> None:
    assert numbers(tenant.rows("Workorder", filter="LicensePlate eq '1BCD234'")) == [known.BELGIAN]
    assert tenant.rows("Workorder", filter="LicensePlate eq '1-BCD-234'") == []
    both = "LicensePlate eq '5-XZ-678' or LicensePlate eq '5XZ678'"
    assert numbers(tenant.rows("Workorder", filter=both)) == list(known.SAME_PLATE_NUMBERS)


def test_datetimes_compare_as_wall_clocks_whatever_the_zone(tenant: Tenant) -> None:
    tomorrow = f"{TODAY.replace(day=23)}T08:30:00"
    for zone in ("Z", "%2B01:00", "-05:00"):
        found = tenant.ask(
            f"/api/Workorder?$filter=WONUMMER%20eq%20'{known.COMPLETE}'%20and%20"
            f"AppointmentDate%20eq%20{tomorrow}{zone}"
        )
        assert len(json.loads(found.body)["value"]) == 1


def test_fractions_of_a_second_are_dropped_from_the_literal(tenant: Tenant) -> None:
    mine = f"WorkorderId eq {known.COMPLETE_ID} and ModifiedOn"  # stored as ...T10:00:00.123
    assert tenant.rows("Workorder", filter=f"{mine} gt 2026-01-05T10:00:00.999Z")
    assert not tenant.rows("Workorder", filter=f"{mine} eq 2026-01-05T10:00:00.123Z")


MOMENTS = st.datetimes(min_value=datetime(2026, 11, 26, 8, 30), max_value=datetime(2026, 11, 26, 8, 30, 3))


def spellings(moment: datetime) -> Iterator[str]:
    """All ways in which a tenant may write a wall clock."""
    fraction = f"{moment.microsecond:06}"
    plain = moment.replace(microsecond=0).isoformat()
    yield f"{plain}.{fraction}0"
    yield f"{plain}.{fraction}".replace("T", " ")
    yield f"{plain}.{fraction}".rstrip("0").rstrip(".")


@pytest.mark.parametrize(
    "stored", ["T08:30:00", "T08:30:00.0", "T08:30:00.0000000", "T08:30", " 08:30:00.000"]
)
def test_a_moment_is_found_however_its_tenant_writes_it(tenant: Tenant, stored: str) -> None:
    where: Row = {"WorkorderId": known.COMPLETE_ID}
    tenant.site.database.patch(WORKORDER, where, {"AppointmentDate": f"2027-11-26{stored}"})
    for name, count in {"eq": 1, "ge": 1, "le": 1, "ne": 0, "gt": 0, "lt": 0}.items():
        moment = f"AppointmentDate {name} 2027-11-26T08:30:00Z"
        rows = tenant.rows("Workorder", filter=f"WorkorderId eq {known.COMPLETE_ID} and {moment}")
        assert len(rows) == count, name


@given(stored=MOMENTS, said=MOMENTS)
def test_moments_compare_as_moments(tenant: Tenant, stored: datetime, said: datetime) -> None:
    mine = f"WorkorderId eq {known.COMPLETE_ID} and AppointmentDate"
    for text in spellings(stored):
        tenant.site.database.patch(WORKORDER, {"WorkorderId": known.COMPLETE_ID}, {"AppointmentDate": text})
        for name, compares in COMPARISONS.items():
            rows = tenant.rows("Workorder", filter=f"{mine} {name} {said.isoformat()}Z")
            assert bool(rows) == compares(stored, said.replace(microsecond=0)), (text, name)


@given(moments=st.lists(MOMENTS, min_size=3, max_size=3), data=st.data())
def test_moments_are_sorted_and_paged_as_moments(
    tenant: Tenant, moments: list[datetime], data: st.DataObject
) -> None:
    for number, moment in enumerate(moments):
        text = data.draw(st.sampled_from(sorted(spellings(moment))))
        where: Row = {"WorkorderId": known.COMPLETE_ID + number}
        tenant.site.database.patch(WORKORDER, where, {"AppointmentDate": text})
    mine = " or ".join(f"WorkorderId eq {known.COMPLETE_ID + number}" for number in range(3))
    rows = tenant.all_rows("Workorder", filter=mine, orderby="AppointmentDate", first=1)
    found = [row["WorkorderId"] - known.COMPLETE_ID for row in rows]
    assert found == sorted(range(3), key=lambda number: (moments[number], number))


def test_null_compares_as_in_sql(tenant: Tenant) -> None:
    everything = len(tenant.all_rows("Workorder"))
    without = len(tenant.all_rows("Workorder", filter="LicensePlate eq null"))
    having = len(tenant.all_rows("Workorder", filter="LicensePlate ne null"))
    assert without >= 6
    assert without + having == everything
    assert len(tenant.all_rows("Workorder", filter="not (LicensePlate eq 'x')")) == having
    assert tenant.rows("Workorder", filter="LicensePlate gt null") == []


def test_decimals_keep_their_zeros_and_compare_as_numbers(tenant: Tenant) -> None:
    answer = tenant.ask(
        url("WorkorderLine", select="Price", filter="WorkorderId eq 9000000001 and Price eq 285")
    )
    assert answer.body == b'{"value":[{"Price":285.0000}]}'


def test_some_decimals_come_as_strings_and_still_compare(tenant: Tenant) -> None:
    lines = tenant.all_rows("WorkorderLine", select="LineId,Price")
    (line, *_) = (row for row in lines if isinstance(row["Price"], str))
    (same,) = tenant.rows("WorkorderLine", filter=f"LineId eq {line['LineId']} and Price eq {line['Price']}")
    assert same["Price"] == line["Price"]


def test_rows_are_found_by_key_route(tenant: Tenant) -> None:
    assert numbers(tenant.rows(f"Workorder/WorkorderId/{known.COMPLETE_ID}")) == [known.COMPLETE]
    (contact,) = tenant.rows(f"WorkorderContact/WorkorderId/{known.COMPLETE_ID}/Role/Owner")
    assert contact["Role"] == "Owner"


def test_an_absent_key_is_an_empty_list(tenant: Tenant) -> None:
    for target in (url("Workorder", filter="WorkorderId eq 5"), "/api/Workorder/WorkorderId/5"):
        answer = tenant.ask(target)
        assert (answer.status, answer.body) == (200, b'{"value":[]}')


def test_old_versions_decode_the_filter_twice(tenant: Tenant) -> None:
    tenant.site.settings = tenant.site.settings.patched({"double_decode": True})
    assert numbers(tenant.rows("Workorder", filter="WONUMMER eq 'O''B-1'")) == ["O'B-1"]
    assert tenant.rows("Workorder", filter="WONUMMER eq '1+1'") == []  # looked for '1 1'
    assert numbers(tenant.rows("Workorder", filter="WONUMMER eq 'x+y'")) == ["x y"]
    assert numbers(tenant.rows("Workorder", filter="WONUMMER eq 'A%26B'")) == ["A&B"]
    for text in ("A&B", "C#7"):
        assert tenant.error(url("Workorder", filter=f"WONUMMER eq '{text}'"))[0] == 400


@given(texts=st.lists(st.sampled_from(known.AWKWARD), unique=True, min_size=1))
def test_not_is_the_complement_where_nothing_is_null(tenant: Tenant, texts: list[str]) -> None:
    chain = " or ".join("WONUMMER eq '" + text.replace("'", "''") + "'" for text in texts)
    inside = tenant.all_rows("Workorder", select="WorkorderId", filter=chain)
    outside = tenant.all_rows("Workorder", select="WorkorderId", filter=f"not ({chain})")
    assert len(inside) == len(texts)
    assert len(inside) + len(outside) == 132
    assert tenant.rows("Workorder", filter=f"({chain}) and not ({chain})") == []
