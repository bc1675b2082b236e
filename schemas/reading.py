"""From Vinacles' rows to a workorder, or to the reason why there is none. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from schemas import vinacles
from schemas.clock import is_possible_day_month_swap, to_instant
from schemas.fields import Problem
from schemas.lines import interventions_of, jobs_of, problems_of
from schemas.outcome import Reason, Warning
from schemas.phones import PhoneReading
from schemas.rows import ReadRow, contact_schema, header_schema, last_of_each, line_schema, read_row
from schemas.vinacles import Entity, RawWorkorder
from schemas.workorder import Contact, Intervention, Role, Workorder


@dataclass(frozen=True, slots=True)
class Branch:
    """Where and when a workorder is read. `time_zone` is an IANA name, `phone_region` an ISO country,
    `today` the date at the branch."""

    time_zone: str
    phone_region: str
    today: date


@dataclass(frozen=True, slots=True)
class Accepted:
    workorder: Workorder
    warnings: tuple[Warning, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The numbers are given as far as they can be read."""

    dms_number: int | None
    wo_number: str | None
    reason: Reason
    warnings: tuple[Warning, ...] = ()


def read_workorder(raw: RawWorkorder, branch: Branch) -> Accepted | Rejected:
    """Read rows that may hold anything. A bad field becomes None and a warning; only what makes the
    workorder useless rejects it. The order of the rows does not matter, unless a row came twice.

    Raises `ZoneInfoNotFoundError` for an unknown `branch.time_zone` and nothing else.
    """
    header = read_row(header_schema(), raw.header)
    number: int | None = header["dms_number"]
    jobs, repeated = jobs_of(read_row(line_schema(), row) for row in raw.lines)
    contacts, of_contacts = _contacts(raw, number, branch.phone_region)
    problems = [
        *(problem for found in header.problems.values() for problem in found),
        *repeated,
        *problems_of(jobs, number),
        *of_contacts,
    ]
    if not _reasons(problems):
        interventions, too_large = interventions_of(jobs)
        workorder, of_clock = _workorder(header, interventions, contacts, branch)
        problems += [*too_large, *of_clock]
        if not too_large:
            return Accepted(workorder, _warnings(problems))
    return Rejected(number, header["wo_number"], _reasons(problems)[0], _warnings(problems))


def digest(raw: RawWorkorder, salt: str) -> bytes:
    """16 bytes that identify the columns we ask for, whatever else the rows carry and in whatever order they
    come. `salt` names all that shapes the reading besides: the mapping's version, the dealer's settings."""
    content = (
        salt,
        _canonical(vinacles.WORKORDER, raw.header),
        sorted(_canonical(vinacles.LINE, row) for row in raw.lines),
        sorted(_canonical(vinacles.CONTACT, row) for row in raw.contacts),
    )
    return blake2b(json.dumps(content).encode(), digest_size=16).digest()


def _canonical(entity: Entity, row: object) -> str:
    """Decimals keep their digits as text; a column that is absent differs from one that is null."""
    columns = (
        [(name, row[name]) for name in entity.columns if name in row] if isinstance(row, Mapping) else None
    )
    return json.dumps(columns, sort_keys=True, default=lambda number: {"decimal": str(number)})


def _workorder(
    header: ReadRow, interventions: tuple[Intervention, ...], contacts: tuple[Contact, ...], branch: Branch
) -> tuple[Workorder, list[Warning]]:
    local, plate = header["appointment"], header["plate"]
    instant, warnings = to_instant(local, branch.time_zone)
    swapped = is_possible_day_month_swap(local.date(), branch.today)
    workorder = Workorder(
        dms_number=header["dms_number"],
        wo_number=header["wo_number"],
        affiliate_id=header["affiliate_id"],
        appointment_local=local,
        appointment_at=instant,
        mileage_km=header["mileage_km"],
        make=header["make"],
        model=header["model"],
        plate=plate and plate.bare,
        plate_display=plate and plate.shown,
        interventions=interventions,
        contacts=contacts,
    )
    return workorder, [*warnings, *([Warning.POSSIBLE_DAY_MONTH_SWAP] if swapped else [])]


def _contacts(
    raw: RawWorkorder, dms_number: int | None, phone_region: str
) -> tuple[tuple[Contact, ...], list[Problem]]:
    """In the order of the roles. A contact of another workorder is a stranger's, so it is left out."""
    problems: list[Problem] = []
    usable: list[ReadRow] = []
    for row in (read_row(contact_schema(phone_region), row) for row in raw.contacts):
        if row["dms_number"] != dms_number:
            problems.append(Warning.UNREADABLE_CONTACT)
        elif row["role"] is None:
            problems.extend(row.problems["role"])
        else:
            usable.append(row)
    kept, repeated = last_of_each(usable, "role")
    problems += [
        *repeated,
        *(problem for row in kept for found in row.problems.values() for problem in found),
    ]
    return tuple(sorted(map(_contact, kept), key=lambda contact: list(Role).index(contact.role))), problems


def _contact(row: ReadRow) -> Contact:
    phone = row["phone"] or PhoneReading()
    return Contact(
        role=row["role"],
        last_name=row["last_name"],
        phone=phone.e164,
        phone_as_written=phone.as_written,
        email=row["email"],
    )


def _reasons(problems: Iterable[Problem]) -> list[Reason]:
    """Without doubles, the most fundamental first."""
    return sorted({p for p in problems if isinstance(p, Reason)}, key=list(Reason).index)


def _warnings(problems: Iterable[Problem]) -> tuple[Warning, ...]:
    """Without doubles, in the order of the closed list."""
    return tuple(sorted({p for p in problems if isinstance(p, Warning)}, key=list(Warning).index))
