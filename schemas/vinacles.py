"""Vinacles' rows. This is the only place that knows the names of their entities and columns; they are
assumed until Vinacles hands over the real ones, and then change here alone."""

from collections.abc import Mapping
from dataclasses import dataclass

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of the Data API builder instance: its path segment, its key and the columns we ask for."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


WORKORDER = Entity(
    "Workorder",
    ("WorkorderId",),
    ("WorkorderId", "WONUMMER", "AffiliateId", "AppointmentDate", "Mileage", "Make", "Model", "LicensePlate"),
)
LINE = Entity(
    "WorkorderLine",
    ("LineId",),
    (
        "LineId",
        "WorkorderId",
        "JobNumber",
        "SortOrder",
        "LineType",
        "Description",
        "PartNumber",
        "Quantity",
        "Price",
    ),
)
CONTACT = Entity(
    "WorkorderContact",
    ("WorkorderId", "Role"),
    ("WorkorderId", "Role", "LastName", "PhoneBusiness", "EmailBusiness"),
)
ENTITIES = (WORKORDER, LINE, CONTACT)

DMS_NUMBER = "WorkorderId"
WO_NUMBER = "WONUMMER"
AFFILIATE = "AffiliateId"
APPOINTMENT = "AppointmentDate"
PLATE = "LicensePlate"


@dataclass(frozen=True, slots=True)
class RawWorkorder:
    """A header row and all line and contact rows that carry its `WorkorderId`, as they came."""

    header: Row
    lines: tuple[Row, ...]
    contacts: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """Workorders of one answer. `requested_at` is the start of the oldest request used, in seconds of the
    monotonic clock; `truncated` says that Vinacles has more matches; `requests` counts every HTTP request
    made to the API for it, retries included."""

    workorders: tuple[RawWorkorder, ...]
    truncated: bool
    requested_at: float
    requests: int
