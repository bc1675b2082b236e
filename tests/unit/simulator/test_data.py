"""The invented data, the well-known workorders and changes of rows."""

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.simulator import known
from sandbox.simulator.plates import BELGIAN, DUTCH
from sandbox.simulator.tables import LINE, WORKORDER
from sandbox.simulator.workshop import workorders
from tests.unit.simulator.tenants import TODAY, Tenant, url

MANY = tuple(workorders(800, 7, TODAY))
SERIES = {re.sub("[A-Z]", "X", re.sub(r"\d", "9", pattern)) for pattern in (*DUTCH, *BELGIAN)}


def column(name: str) -> list[object]:
    return [
        row.get(name)
        for bundle in MANY
        for row in (bundle.header, *bundle.lines, *bundle.contacts)
        if name in row
    ]


def test_the_same_seed_gives_the_same_data() -> None:
    assert tuple(workorders(20, 7, TODAY)) == MANY[:20]
    assert tuple(workorders(20, 8, TODAY)) != MANY[:20]


def test_every_series_of_plates_appears_and_some_without_dashes_or_capitals() -> None:
    plates = [str(plate).rstrip() for plate in column("LicensePlate") if plate is not None]
    shapes = Counter(re.sub("[A-Z]", "X", re.sub(r"\d", "9", plate)) for plate in plates)
    assert len(SERIES) == 17
    assert shapes.keys() >= SERIES
    assert any("-" not in plate for plate in plates)
    assert any(plate.islower() for plate in plates)


def test_the_data_is_as_dirty_as_real_data() -> None:
    assert {None, 0, 999_999} <= set(column("Mileage"))
    assert any("na 17u" in str(phone) for phone in column("PhoneBusiness"))
    assert any(";" in str(email) for email in column("EmailBusiness"))
    assert any("van der" in str(name) for name in column("LastName"))
    assert {"Labor", "Labour", "Arbeid", "Part", "Text"} <= set(column("LineType"))
    assert any(str(code).endswith(" ") for code in column("PartNumber"))
    for name in ("AppointmentDate", "Make", "LicensePlate", "PhoneBusiness", "EmailBusiness", "Description"):
        assert None in column(name)


def test_mail_addresses_are_at_domains_that_nobody_owns() -> None:
    addresses = re.findall(r"@([\w.]+)", " ".join(str(email) for email in column("EmailBusiness")).lower())
    assert addresses
    assert all(re.search(r"(^|\.)example(\.com|\.org)?$", domain) for domain in addresses)


def test_most_appointments_are_around_today() -> None:
    days = [date.fromisoformat(str(at)[:10]) for at in column("AppointmentDate") if at is not None]
    assert sum(abs(day - TODAY) <= timedelta(days=14) for day in days) > len(days) / 2


@given(st.dates(min_value=date(2024, 1, 1), max_value=date(2036, 12, 31)))
def test_a_swapped_looking_date_exists_on_every_day(today: date) -> None:
    typed = known.swapped_looking(today)
    meant = date(typed.year, typed.day, typed.month)
    assert abs(typed - today) > timedelta(days=60)
    assert abs(meant - today) <= timedelta(days=14)


def test_the_well_known_workorders_are_what_they_say(tenant: Tenant) -> None:
    by_number = {bundle.header["WONUMMER"]: bundle for bundle in known.known_workorders(TODAY)}
    complete = by_number[known.COMPLETE]
    assert len(complete.contacts) == 3
    assert len({line["JobNumber"] for line in complete.lines}) == 3
    assert complete.header["LicensePlate"] == known.COMPLETE_PLATE
    assert "Labor" not in {line["LineType"] for line in by_number[known.WITHOUT_LABOR].lines}
    assert {by_number[number].header["LicensePlate"] for number in known.SAME_PLATE_NUMBERS} == {
        known.SAME_PLATE
    }
    assert by_number.keys() >= set(known.AWKWARD)
    (row,) = tenant.rows("Workorder", filter=f"WorkorderId eq {known.BELGIAN_ID}")
    assert (row["WONUMMER"], row["LicensePlate"]) == (known.BELGIAN, "1bcd234")


@pytest.mark.parametrize("action", ["patch", "delete", "put"])
def test_a_changed_line_changes_when_its_workorder_was_modified(tenant: Tenant, action: str) -> None:
    mine = {"WorkorderId": known.COMPLETE_ID}
    before = tenant.rows("Workorder", filter=f"WorkorderId eq {known.COMPLETE_ID}")[0]["ModifiedOn"]
    if action == "patch":
        assert tenant.site.database.patch(LINE, {**mine, "JobNumber": 1}, {"Price": "12.5"}) == 3
    elif action == "delete":
        assert tenant.site.database.delete(LINE, {**mine, "LineType": "Labor"}) == 3
    else:
        tenant.site.database.put(LINE, {**mine, "LineId": 5, "Price": str(Decimal("99.90"))})
    after = tenant.rows("Workorder", filter=f"WorkorderId eq {known.COMPLETE_ID}")[0]["ModifiedOn"]
    assert after > before


def test_a_change_of_an_unknown_column_is_refused(tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="no column Colour"):
        tenant.site.database.patch(WORKORDER, {"WorkorderId": known.COMPLETE_ID}, {"Colour": "red"})


@pytest.mark.parametrize("price", ["1.234,56", '"a"b"', '"', "", "1e5", "-", "NaN", '"\\u12"'])
def test_an_unreadable_price_is_sent_as_a_text(tenant: Tenant, price: str) -> None:
    tenant.site.database.patch(LINE, {"WorkorderId": known.COMPLETE_ID}, {"Price": price})
    prices = {
        row["Price"] for row in tenant.rows("WorkorderLine", filter=f"WorkorderId eq {known.COMPLETE_ID}")
    }
    assert prices == {price}


def test_a_price_keeps_its_digits_however_many_there_are(tenant: Tenant) -> None:
    price = "9" * 5_000
    tenant.site.database.patch(LINE, {"WorkorderId": known.COMPLETE_ID}, {"Price": price})
    tenant.arm("omitted_column", column="Quantity")
    target = url(
        "WorkorderLine", select="Quantity,Price", filter=f"WorkorderId eq {known.COMPLETE_ID}", first=1
    )
    assert tenant.ask(target).body.startswith(f'{{"value":[{{"Price":{price}}}]'.encode())
