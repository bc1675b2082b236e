"""Workorders that look like Vinacles' with 8 lines and 3 contacts each, to measure reading and writing by."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from schemas.vinacles import RawWorkorder

ROLES = ("Driver", "Owner", "Contractor")
Row = dict[str, Any]


def header(number: int) -> Row:
    return {
        "WorkorderId": number,
        "WONUMMER": f"WO-{number}",
        "AffiliateId": 3,
        "AppointmentDate": f"2026-06-{number % 28 + 1:02}T08:30:00",
        "Mileage": 84_210 + number,
        "Make": "Volkswagen",
        "Model": "Golf Variant",
        "LicensePlate": f"AB-{number % 90 + 10}-CD",
    }


def line(number: int, place: int) -> Row:
    labor = place % 3 == 0
    return {
        "LineId": number * 10 + place,
        "WorkorderId": number,
        "JobNumber": place // 3 + 1,
        "SortOrder": place,
        "LineType": "Labor" if labor else "Part",
        "Description": f"Grote onderhoudsbeurt, stap {place}",
        "PartNumber": None if labor else f"OF-{number}-{place}",
        "Quantity": Decimal("1.50"),
        "Price": Decimal(f"{number % 900 + place}.95"),
    }


def contact(number: int, role: str) -> Row:
    own = number * 3 + ROLES.index(role)
    phones = (f"06-{10_000_000 + own}", f"030 {2_000_000 + own}", f"+31 6 {20_000_000 + own}")
    return {
        "WorkorderId": number,
        "Role": role,
        "LastName": f"van der Bédriegel {own}",
        "PhoneBusiness": phones[own % 3],
        "EmailBusiness": f"klant.{own}@{('example.com', 'example.org', 'mail.example.net')[own % 3]}",
    }


def invented(count: int) -> list[RawWorkorder]:
    return [
        RawWorkorder(
            header(number),
            tuple(line(number, place) for place in range(8)),
            tuple(contact(number, role) for role in ROLES),
        )
        for number in range(1, count + 1)
    ]


def with_remarks(raws: Sequence[RawWorkorder]) -> list[RawWorkorder]:
    """Every row has something to warn of; what can be read is still read without marshmallow."""
    return [
        RawWorkorder(
            {**raw.header, "Mileage": 0, "LicensePlate": "D-XX 991 Y"},
            tuple({**row, "Description": "x" * 600, "Price": None} for row in raw.lines),
            tuple({**row, "PhoneBusiness": f"{row['PhoneBusiness']} na 17u"} for row in raw.contacts),
        )
        for raw in raws
    ]


def unreadable(raws: Sequence[RawWorkorder]) -> list[RawWorkorder]:
    """Every row has a column that cannot be read, so that marshmallow judges them all."""
    return [
        RawWorkorder(
            {**raw.header, "Make": 5},
            tuple({**row, "Quantity": "?"} for row in raw.lines),
            tuple({**row, "LastName": 5} for row in raw.contacts),
        )
        for raw in raws
    ]
