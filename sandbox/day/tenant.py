"""A dealer's Vinacles as the day's people know it: every row, and what happens to the rows over the day.

It is read by plain HTTP, not by the product's client, so that the comparison at the day's end does not trust
what it compares.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests

from sandbox.connections import logged_in
from sandbox.simulator.running import SimulatorProcess
from schemas.vinacles import CONTACT, ENTITIES, LINE, WORKORDER, Entity, RawWorkorder

_SECONDS = 30
_FIRST_NEW_NUMBER = 700_001
_FIRST_NEW_LINE = 7_000_001

Row = dict[str, Any]


@dataclass(slots=True)
class Record:
    """One workorder's rows as they are in Vinacles."""

    header: Row
    lines: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)

    @property
    def number(self) -> int:
        return int(self.header["WorkorderId"])

    @property
    def wo_number(self) -> str:
        return str(self.header["WONUMMER"]).strip()

    @property
    def plate(self) -> str | None:
        """As it is written there, None where there is none."""
        written = self.header["LicensePlate"]
        return written.strip() if isinstance(written, str) and written.strip() else None

    def frozen(self) -> RawWorkorder:
        """As it is now, whatever happens to it later."""
        copied = deepcopy(self)
        return RawWorkorder(copied.header, tuple(copied.lines), tuple(copied.contacts))


def everything(simulator: SimulatorProcess) -> dict[int, Record]:
    """All workorders of a tenant by DMS number, asked for over HTTP page by page."""
    with logged_in(simulator) as session:
        records = {int(row["WorkorderId"]): Record(row) for row in _rows(session, simulator, WORKORDER)}
        for entity in (LINE, CONTACT):
            for row in _rows(session, simulator, entity):
                record = records[int(row["WorkorderId"])]
                (record.lines if entity is LINE else record.contacts).append(row)
    return records


def _rows(session: requests.Session, simulator: SimulatorProcess, entity: Entity) -> Iterator[Row]:
    columns = ",".join(entity.columns)
    url: str | None = f"{simulator.base_url}/api/{entity.name}?$select={columns}&$first=1000"
    while url is not None:
        answer = session.get(url, timeout=_SECONDS)
        answer.raise_for_status()
        page = json.loads(answer.content, parse_float=Decimal)
        yield from page["value"]
        url = page.get("nextLink")


class Tenant:
    """Rows and their changes over the day; what is `left_alone` is no longer changed by chance."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self.simulator = simulator
        self.records = everything(simulator)
        self.left_alone: set[int] = set()
        self._new = 0

    def patch(self, record: Record, **values: object) -> None:
        """Change columns of the header."""
        self._admin.patch_rows(WORKORDER.name, {"WorkorderId": record.number}, values)
        record.header.update(values)

    def reprice(self, record: Record, price: Decimal) -> None:
        """Another price for the first line that has any."""
        line = next(line for line in record.lines if isinstance(line["Price"], Decimal))
        self._admin.patch_rows(LINE.name, {"LineId": line["LineId"]}, {"Price": f"{price:.4f}"})
        line["Price"] = price

    def add_line(self, record: Record, kind: str, description: str, price: Decimal) -> None:
        """One line more, in the first job."""
        self._new += 1
        job = record.lines[0]["JobNumber"] if record.lines else 1
        row: Row = {
            "LineId": _FIRST_NEW_LINE + self._new,
            "WorkorderId": record.number,
            "JobNumber": job,
            "SortOrder": 900 + len(record.lines),
            "LineType": kind,
            "Description": description,
            "PartNumber": "OX 188D" if kind == "Part" else None,
            "Quantity": Decimal("1.000"),
            "Price": price,
        }
        self._put(LINE, row)
        record.lines.append(row)

    def telephone(self, record: Record, number: str) -> None:
        """Another business telephone number for the first contact."""
        contact = record.contacts[0]
        where = {"WorkorderId": record.number, "Role": contact["Role"]}
        self._admin.patch_rows(CONTACT.name, where, {"PhoneBusiness": number})
        contact["PhoneBusiness"] = number

    def book(self, like: Record) -> Record:
        """A new workorder, with the rows of another one."""
        self._new += 1
        number = _FIRST_NEW_NUMBER + self._new
        record = deepcopy(like)
        record.header |= {"WorkorderId": number, "WONUMMER": f"N{number}", "LicensePlate": None}
        for line in record.lines:
            self._new += 1
            line |= {"LineId": _FIRST_NEW_LINE + self._new, "WorkorderId": number}
        for contact in record.contacts:
            contact["WorkorderId"] = number
        rows = ((WORKORDER, [record.header]), (LINE, record.lines), (CONTACT, record.contacts))
        for entity, of_entity in rows:
            for row in of_entity:
                self._put(entity, row)
        self.records[number] = record
        return record

    def delete(self, record: Record) -> None:
        """It vanishes from Vinacles with all its rows."""
        for entity in ENTITIES:
            self._admin.delete_rows(entity.name, {"WorkorderId": record.number})
        del self.records[record.number]

    def _put(self, entity: Entity, row: Mapping[str, object]) -> None:
        self._admin.put_row(entity.name, row)

    @property
    def _admin(self) -> Any:
        return self.simulator.admin
