"""Workorders that are always there, whatever the seed, with numbers to search for.

| WO number | plate as stored | what it is for |
|---|---|---|
| `WO-1001` | `12-BDF-3` | complete: three contacts, three interventions, parts and prices; tomorrow 08:30 |
| `WO-1002` | `GH-123-J` | no labor line at all |
| `WO-1003` | `K-123-LN` | day and month of the appointment look swapped |
| `O'B-1` `A&B` `50%` `C#7` `1+1` `x y` | none | awkward characters |
| `WO-1010`, `WO-1011` | `5-XZ-678` twice | two workorders of one car |
| `WO-1012` | `1bcd234` | a Belgian plate in lower case without dashes |

Their ids start at 9,000,000,001, beyond 32 bits; `WO-1012` has the largest that still fits in a double.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from sandbox.simulator.tables import Bundle, Row

COMPLETE, COMPLETE_PLATE = "WO-1001", "12-BDF-3"
WITHOUT_LABOR = "WO-1002"
SWAPPED_DATE = "WO-1003"
AWKWARD = ("O'B-1", "A&B", "50%", "C#7", "1+1", "x y")
SAME_PLATE, SAME_PLATE_NUMBERS = "5-XZ-678", ("WO-1010", "WO-1011")
BELGIAN, BELGIAN_PLATE = "WO-1012", "1-BCD-234"

COMPLETE_ID = 9_000_000_001
WITHOUT_LABOR_ID = 9_000_000_002
SWAPPED_DATE_ID = 9_000_000_003
_FIRST_AWKWARD_ID = 9_000_000_004
SAME_PLATE_IDS = (9_000_000_010, 9_000_000_011)
BELGIAN_ID = 2**53 - 1
_FIRST_LINE_ID = 9_100_000_001

# Job, type, description, part number, quantity, price.
_Line = tuple[int, str, str, str | None, str, str]
_COMPLETE_LINES: tuple[_Line, ...] = (
    (1, "Labor", "Grote beurt", None, "1.000", "285.0000"),
    (1, "Part", "Oliefilter", "OX 188D", "1.000", "14.9500"),
    (1, "Part", "Motorolie 5W-30", "5W30-LL", "4.500", "67.5000"),
    (2, "Labor", "Remblokken voor vervangen", None, "1.000", "96.2500"),
    (2, "Part", "Remblokset voor", "1K0 698 151 E", "1.000", "74.1900"),
    (3, "Labor", "APK-keuring", None, "1.000", "49.9500"),
)
_SHORT_LINES: tuple[_Line, ...] = (
    (1, "Labor", "Kleine beurt", None, "1.000", "149.0000"),
    (1, "Part", "Oliefilter", "OX 188D", "1.000", "14.9500"),
)
_PARTS_ONLY: tuple[_Line, ...] = (
    (1, "Part", "Wisserset A297S", "3 397 007 297", "1.000", "38.9500"),
    (1, "Text", "Klant monteert zelf", None, "1.000", "0.0000"),
)


def known_workorders(today: date) -> Iterator[Bundle]:
    tomorrow = f"{today + timedelta(days=1)}T08:30:00"
    swapped = f"{swapped_looking(today)}T09:00:00"
    yield _bundle(COMPLETE_ID, COMPLETE, COMPLETE_PLATE, tomorrow, _COMPLETE_LINES)
    yield _bundle(WITHOUT_LABOR_ID, WITHOUT_LABOR, "GH-123-J", tomorrow, _PARTS_ONLY)
    yield _bundle(SWAPPED_DATE_ID, SWAPPED_DATE, "K-123-LN", swapped, _SHORT_LINES)
    for offset, wo_number in enumerate(AWKWARD):
        yield _bundle(_FIRST_AWKWARD_ID + offset, wo_number, None, tomorrow, _SHORT_LINES)
    for number, wo_number in zip(SAME_PLATE_IDS, SAME_PLATE_NUMBERS, strict=True):
        yield _bundle(number, wo_number, SAME_PLATE, tomorrow, _SHORT_LINES)
    yield _bundle(BELGIAN_ID, BELGIAN, "1bcd234", tomorrow, _SHORT_LINES)


def swapped_looking(today: date) -> date:
    """A date more than 60 days from `today` whose day and month, swapped, give one within 14 days of it.

    Any 29 days in a row hold days of at most 12, and their months differ from most of those days: so the
    nearest day will do that is a month's number too, the future before the past.
    """
    for distance in range(15):
        for near in (today + timedelta(days=distance), today - timedelta(days=distance)):
            if near.day <= 12:
                typed = date(near.year, near.day, near.month)
                if abs(typed - today) > timedelta(days=60):
                    return typed
    raise AssertionError(f"No date near {today} can be swapped")


def _bundle(
    number: int, wo_number: str, plate: str | None, appointment: str, lines: tuple[_Line, ...]
) -> Bundle:
    header: Row = {
        "WorkorderId": number,
        "WONUMMER": wo_number,
        "AffiliateId": 1,
        "AppointmentDate": appointment,
        "Mileage": 84_210,
        "Make": "Volkswagen",
        "Model": "Golf",
        "LicensePlate": plate,
        "ModifiedOn": "2026-01-05T10:00:00.123",
        "VIN": "SIM00000000000001",
        "CustomerNumber": 10_001,
        "InternalRemark": "Sleutel in kluis 7",
    }
    return Bundle(header, tuple(_lines(number, lines)), tuple(_contacts(number)))


def _lines(number: int, lines: tuple[_Line, ...]) -> Iterator[Row]:
    first = _FIRST_LINE_ID + (number % 1_000) * 100
    for offset, (job, kind, description, code, quantity, price) in enumerate(lines):
        yield {
            "LineId": first + offset,
            "WorkorderId": number,
            "JobNumber": job,
            "SortOrder": (offset + 1) * 10,
            "LineType": kind,
            "Description": description,
            "PartNumber": code,
            "Quantity": quantity,
            "Price": price,
            "CostPrice": "1.0000",
            "Mechanic": "Dirk",
        }


def _contacts(number: int) -> Iterator[Row]:
    people = (
        ("Driver", "van der Berg", "06-12345678", "bestuurder@example.com"),
        ("Owner", "Transport Fictief NV", "+32 470 12 34 56", "wagenpark@example.org"),
        ("Contractor", "Lease & Co", "038-4200000 na 17u", "lease@example.com; planning@example.com"),
    )
    for role, name, phone, email in people:
        yield {
            "WorkorderId": number,
            "Role": role,
            "LastName": name,
            "PhoneBusiness": phone,
            "EmailBusiness": email,
            "FirstName": "Lotte",
            "PhonePrivate": "06-87654321",
            "EmailPrivate": "lotte.prive@example.org",
            "Street": "Dorpsstraat 1",
            "PostalCode": "1234 XX",
            "City": "Zwolle",
            "DateOfBirth": "1980-05-17T00:00:00",
        }
