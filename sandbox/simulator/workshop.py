"""Invented workorders of Dutch and Belgian workshops, with the dirt of real ones. Same seed, same data."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sandbox.simulator.plates import any_plate
from sandbox.simulator.tables import Bundle, Row
from sandbox.simulator.words import (
    CITIES,
    COMPANIES,
    DOMAINS,
    FIRST_NAMES,
    JOBS,
    LAST_NAMES,
    MAKES,
    OTHER_LINES,
    STREETS,
)

_FIRST_WORKORDER = 100_001
_FIRST_LINE = 1_000_001
_LABOR = ("Labor",) * 7 + ("labor", "Labour", "Arbeid")
_ROLES = ("Driver", "Owner", "Contractor")


def workorders(count: int, seed: int, today: date) -> Iterator[Bundle]:
    """`count` workorders with appointments around `today`; nothing is kept, so any count fits in memory."""
    maker = _Maker(random.Random(seed), today, _FIRST_LINE)
    for number in range(_FIRST_WORKORDER, _FIRST_WORKORDER + count):
        yield maker.workorder(number)


@dataclass(slots=True)
class _Maker:
    chance: random.Random
    today: date
    next_line: int

    def workorder(self, number: int) -> Bundle:
        return Bundle(self._header(number), tuple(self._lines(number)), tuple(self._contacts(number)))

    def _header(self, number: int) -> Row:
        make = self.chance.choice(tuple(MAKES))
        model = self.chance.choice(MAKES[make])
        return {
            "WorkorderId": number,
            "WONUMMER": self._wo_number(number),
            "AffiliateId": self.chance.choice((1, 1, 2, 3)),
            "AppointmentDate": self._appointment(),
            "Mileage": self._mileage(),
            "Make": None if self._rarely() else make,
            # A char(20) column keeps its padding.
            "Model": None if self._rarely() else model.ljust(20) if self.chance.random() < 0.3 else model,
            "LicensePlate": any_plate(self.chance),
            "ModifiedOn": self._modified(),
            "VIN": "SIM" + "".join(self.chance.choices("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", k=14)),
            "CustomerNumber": self.chance.randint(10_000, 99_999),
            "InternalRemark": self.chance.choice((None, "Klant belt zelf", "Let op: sleutel in kluis")),
        }

    def _wo_number(self, number: int) -> str:
        plain = str(200_000 + number - _FIRST_WORKORDER)
        form = self.chance.random()
        if form < 0.7:
            return plain
        return (
            f"W{plain}"
            if form < 0.85
            else f"{plain}-{self.today.year % 100:02}"
            if form < 0.95
            else f"{plain}  "
        )

    def _appointment(self) -> str | None:
        if self._rarely():
            return None
        day = self.today + timedelta(days=round(self.chance.gauss(0, 12)))
        at = datetime.combine(day, time(self.chance.randint(7, 17), self.chance.choice((0, 15, 30, 45))))
        return (
            f"{at.isoformat()}.{self.chance.choice(('500', '0000000'))}" if self._rarely() else at.isoformat()
        )

    def _mileage(self) -> int | None:
        habit = self.chance.random()
        if habit < 0.06:
            return self.chance.choice((None, 0, 999_999))
        return self.chance.randint(1_200, 287_000)

    def _modified(self) -> str:
        ago = timedelta(seconds=self.chance.randint(0, 30 * 86_400), milliseconds=self.chance.randint(0, 999))
        return (datetime.combine(self.today, time()) - ago).isoformat(timespec="milliseconds")

    def _lines(self, number: int) -> Iterator[Row]:
        order = 0
        for job in range(1, self.chance.choice((1, 1, 2, 2, 3, 4)) + 1):
            for line in self._job_lines():
                order += 10
                yield self._line(number, job, order, line)

    def _job_lines(self) -> Iterator[tuple[str, str | None, str | None, str, str]]:
        """Type, description, part number, quantity and price of each line of one job."""
        title, price, parts = self.chance.choice(JOBS)
        if self.chance.random() > 0.03:
            yield self.chance.choice(_LABOR), title, None, "1.000", price
        for code, name, quantity, amount in parts:
            yield "Part", name, None if self._rarely() else code.ljust(18), quantity, amount
        if self.chance.random() < 0.15:
            kind, text, amount = self.chance.choice(OTHER_LINES)
            yield kind, text, None, "1.000", amount

    def _line(
        self, number: int, job: int, order: int, line: tuple[str, str | None, str | None, str, str]
    ) -> Row:
        kind, description, code, quantity, price = line
        self.next_line += 1
        return {
            "LineId": self.next_line,
            "WorkorderId": number,
            "JobNumber": job,
            "SortOrder": order,
            "LineType": kind,
            "Description": None if self._rarely() else description,
            "PartNumber": code,
            "Quantity": quantity,
            # Some columns of some tenants come as text.
            "Price": f'"{price}"' if self._rarely() else price,
            "CostPrice": "1.0000",
            "Mechanic": self.chance.choice(FIRST_NAMES),
        }

    def _contacts(self, number: int) -> Iterator[Row]:
        for role in _ROLES[: self.chance.choice((1, 2, 3, 3))]:
            first = self.chance.choice(FIRST_NAMES)
            company = role == "Contractor" and self.chance.random() < 0.6
            yield {
                "WorkorderId": number,
                "Role": role,
                "LastName": self.chance.choice(COMPANIES if company else LAST_NAMES),
                "PhoneBusiness": self._phone(),
                "EmailBusiness": self._email(first),
                "FirstName": first,
                "PhonePrivate": f"06-{self.chance.randint(10_000_000, 99_999_999)}",
                "EmailPrivate": f"{first.lower()}.prive@example.org",
                "Street": f"{self.chance.choice(STREETS)} {self.chance.randint(1, 250)}",
                "PostalCode": f"{self.chance.randint(1000, 9999)} XX",
                "City": self.chance.choice(CITIES),
                "DateOfBirth": f"{self.chance.randint(1945, 2004)}-05-17T00:00:00",
            }

    def _phone(self) -> str | None:
        mobile, local = (
            f"{self.chance.randint(10_000_000, 59_999_999)}",
            f"{self.chance.randint(200_000, 799_999)}",
        )
        return self.chance.choice(
            (
                None,
                f"06-{mobile}",
                f"06{mobile}",
                f"+31 6 {mobile[:4]} {mobile[4:]}",
                f"0031 (0)6 {mobile}",
                f"06-{mobile} na 17u",
                f"06{mobile} / 038-4{local}",
                f"038-4{local} tst {mobile[:3]}",
                f"+32 4{mobile[:2]} {mobile[2:4]} {mobile[4:6]} {mobile[6:]}",
                "onbekend",
                "geen, zie e-mail",
                "",
            )
        )

    def _email(self, first: str) -> str | None:
        address = f"{first.lower()}{self.chance.randint(1, 99)}@{self.chance.choice(DOMAINS)}"
        return self.chance.choice(
            (
                None,
                address,
                address,
                address,
                address.upper(),
                f" {address} ",
                f"{address}; planning@example.com",
                f"{address},planning@example.com",
                address.replace("@", " at "),
                f"{address} (werk)",
                "nvt",
            )
        )

    def _rarely(self) -> bool:
        return self.chance.random() < 0.03
