"""Vinacles' rows. This is the only place that knows the names of their entities and columns; they are
assumed until Vinacles hands over the real ones, and then change here alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Row = Mapping[str, object]

#: Data API builder up to 1.7 decodes a filter twice, with .NET's HttpUtility: `%27` and `%u0027` would become
#: a quote. Nobody may ask for a text in which this is found.
DECODED_TWICE = re.compile(r"%(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})")


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of the Data API builder instance: its path segment, its key and the columns we ask for."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


#: Raise it whenever the same row would be read differently: stored digests then no longer match.
MAPPING_VERSION = 1

DMS_NUMBER = "WorkorderId"
WO_NUMBER = "WONUMMER"
AFFILIATE = "AffiliateId"
APPOINTMENT = "AppointmentDate"
MILEAGE = "Mileage"
MAKE = "Make"
MODEL = "Model"
PLATE = "LicensePlate"
#: In UTC; not every tenant has it, and it is never among the columns that we read.
MODIFIED = "ModifiedOn"

LINE_ID = "LineId"
JOB_NUMBER = "JobNumber"
SORT_ORDER = "SortOrder"
LINE_TYPE = "LineType"
DESCRIPTION = "Description"
PART_NUMBER = "PartNumber"
QUANTITY = "Quantity"
PRICE = "Price"

ROLE = "Role"
LAST_NAME = "LastName"
PHONE = "PhoneBusiness"
EMAIL = "EmailBusiness"

#: WONUMMER is a string of at most this many characters.
WO_NUMBER_LENGTH = 20
#: Values of LineType in lower case; Vinacles' case may vary.
LABOR_LINES = frozenset({"labor", "labour", "arbeid"})
PART_LINES = frozenset({"part"})

WORKORDER = Entity(
    "Workorder",
    (DMS_NUMBER,),
    (DMS_NUMBER, WO_NUMBER, AFFILIATE, APPOINTMENT, MILEAGE, MAKE, MODEL, PLATE),
)
LINE = Entity(
    "WorkorderLine",
    (LINE_ID,),
    (LINE_ID, DMS_NUMBER, JOB_NUMBER, SORT_ORDER, LINE_TYPE, DESCRIPTION, PART_NUMBER, QUANTITY, PRICE),
)
CONTACT = Entity("WorkorderContact", (DMS_NUMBER, ROLE), (DMS_NUMBER, ROLE, LAST_NAME, PHONE, EMAIL))
ENTITIES = (WORKORDER, LINE, CONTACT)
#: Columns that come as JSON numbers; all others come as strings.
NUMBERS = frozenset({DMS_NUMBER, AFFILIATE, MILEAGE, LINE_ID, JOB_NUMBER, SORT_ORDER, QUANTITY, PRICE})


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
    made to the API for it, retries included. `page_rows` is the most rows that the server gives at a
    time, None while it has refused nothing."""

    workorders: tuple[RawWorkorder, ...]
    truncated: bool
    requested_at: float
    requests: int
    page_rows: int | None = None
