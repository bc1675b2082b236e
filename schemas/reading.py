"""From Vinacles' rows to a workorder, or to the reason why there is none. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from schemas import vinacles
from schemas.clock import is_possible_day_month_swap, to_instant
from schemas.fields import Problem
from schemas.lines import interventions_of, jobs_of, problems_of
from schemas.outcome import Reason, Warning
from schemas.phones import PhoneReading
from schemas.rows import ReadRow, contact_schema, header_schema, last_of_each, line_schema, read_row
from schemas.vinacles import Entity, RawWorkorder
from schemas.workorder import Contact, Intervention, Role, Workorder

_ROLES, _REASONS, _WARNINGS = list(Role), list(Reason), list(Warning)


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
    lines, contacts = sorted(map(_LINE_TEXT, raw.lines)), sorted(map(_CONTACT_TEXT, raw.contacts))
    # No text has a line break in it, and the count says where the lines end: other rows never look the same.
    content = (ascii(salt), _HEADER_TEXT(raw.header), str(len(lines)), *lines, *contacts)
    return blake2b("\n".join(content).encode("ascii"), digest_size=16).digest()


def _text_of(entity: Entity) -> Callable[[object], str]:
    """The columns as Python writes them in ASCII, where 1, "1", true, Decimals of 1 and 1.0 all differ, and
    so do a column that is absent and one that is null. What is no object has no columns."""
    columns = entity.columns
    pick: Callable[[Any], tuple[object, ...]] = itemgetter(*columns)

    def text(row: object) -> str:
        try:
            return ascii(pick(row))
        except (KeyError, TypeError):
            found = isinstance(row, Mapping) and tuple(row.get(column, ...) for column in columns)
            return ascii(found)

    return text


_HEADER_TEXT, _LINE_TEXT, _CONTACT_TEXT = map(_text_of, vinacles.ENTITIES)


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
            problems.extend(row.problems.get("role", ()))
        else:
            usable.append(row)
    kept, repeated = last_of_each(usable, "role")
    problems += [
        *repeated,
        *(problem for row in kept for found in row.problems.values() for problem in found),
    ]
    return tuple(sorted(map(_contact, kept), key=lambda contact: _ROLES.index(contact.role))), problems


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
    return sorted({p for p in problems if isinstance(p, Reason)}, key=_REASONS.index)


def _warnings(problems: Iterable[Problem]) -> tuple[Warning, ...]:
    """Without doubles, in the order of the closed list."""
    return tuple(sorted({p for p in problems if isinstance(p, Warning)}, key=_WARNINGS.index))
