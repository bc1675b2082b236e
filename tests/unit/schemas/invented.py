"""Rows as Vinacles sends them, invented, and faults to put into them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.reading import Branch
from schemas.vinacles import RawWorkorder, Row

BRANCH = Branch("Europe/Amsterdam", "NL", date(2026, 6, 4))

HEADER: Row = {
    "WorkorderId": 7001,
    "WONUMMER": "WO-2026-17",
    "AffiliateId": 3,
    "AppointmentDate": "2026-06-15T08:30:00",
    "Mileage": 84210,
    "Make": "Volkswagen",
    "Model": "Golf",
    "LicensePlate": "AB-12-CD",
}
LABOR: Row = {
    "LineId": 11,
    "WorkorderId": 7001,
    "JobNumber": 1,
    "SortOrder": 1,
    "LineType": "Labor",
    "Description": "Grote beurt",
    "PartNumber": None,
    "Quantity": Decimal("1.50"),
    "Price": Decimal("150.00"),
}
PART: Row = {
    **LABOR,
    "LineId": 12,
    "SortOrder": 2,
    "LineType": "Part",
    "Description": "Oliefilter",
    "PartNumber": "OF-100",
    "Quantity": Decimal("2.00"),
    "Price": Decimal("24.90"),
}
CONTACT: Row = {
    "WorkorderId": 7001,
    "Role": "Driver",
    "LastName": "van der Bédriegel",
    "PhoneBusiness": "06-12345678",
    "EmailBusiness": "bestuurder@example.com",
}


def raw(
    header: Mapping[str, Any] | None = None,
    labor: Mapping[str, Any] | None = None,
    part: Mapping[str, Any] | None = None,
    contact: Mapping[str, Any] | None = None,
    *,
    lines: tuple[Any, ...] = (),
    contacts: tuple[Any, ...] = (),
) -> RawWorkorder:
    """A faultless workorder with these columns changed and these rows added."""
    return RawWorkorder(
        {**HEADER, **(header or {})},
        ({**LABOR, **(labor or {})}, {**PART, **(part or {})}, *lines),
        ({**CONTACT, **(contact or {})}, *contacts),
    )


def without(row: Row, column: str) -> Row:
    return {name: value for name, value in row.items() if name != column}
