"""A workorder as Claire knows it: the twelve documented fields and the numbers that identify them.

Amounts are EUR with two decimals (`Decimal`, rounded half up). All values are frozen and hashable.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from uuid import UUID, uuid5

_WORKORDER_IDS = UUID("6f7a5c1e-6b0c-4f57-9a53-2d1c7b0e9a44")


class Role(StrEnum):
    """Whom a contact stands for."""

    DRIVER = "driver"
    OWNER = "owner"
    CONTRACTOR = "contractor"


@dataclass(frozen=True, slots=True)
class Part:
    """One part line. `price` is the amount of the whole line, not of one piece."""

    line_id: int
    position: int
    reference_code: str | None
    quantity: Decimal | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class Intervention:
    """The lines of one job. `total_price` also counts lines that are neither labor nor part."""

    job_number: int
    position: int
    title: str | None
    labor_price: Decimal
    parts_price: Decimal
    total_price: Decimal
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A person to reach. `phone` is E.164; `phone_as_written` is kept only where it holds no number."""

    role: Role
    last_name: str | None
    phone: str | None
    phone_as_written: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Workorder:
    """One workorder of one dealer.

    `appointment_local` is the wall clock at the branch (naive), `appointment_at` the same moment in UTC.
    `plate` is bare and upper case (the search key), `plate_display` is what people read.
    """

    dms_number: int
    wo_number: str
    affiliate_id: int
    appointment_local: datetime
    appointment_at: datetime
    mileage_km: int | None
    make: str | None
    model: str | None
    plate: str | None
    plate_display: str | None
    interventions: tuple[Intervention, ...]
    contacts: tuple[Contact, ...]


@lru_cache(maxsize=4096)  # one page asks for each several times
def workorder_id(dealer_id: int, dms_number: int) -> UUID:
    """Claire's id of a workorder. It follows from the DMS number, which Vinacles never reuses, so it is
    the same before the first import, after a restored backup, and in every process."""
    return uuid5(_WORKORDER_IDS, f"{dealer_id}:{dms_number}")
