"""The three entities as the simulated tenant has them, with columns that nobody should ask for."""

from dataclasses import dataclass, replace
from enum import StrEnum

Row = dict[str, object]


class Kind(StrEnum):
    """The type of a column or literal; the value is its name in OData's type system."""

    INTEGER = "Edm.Int64"
    DECIMAL = "Edm.Decimal"
    STRING = "Edm.String"
    DATETIME = "Edm.DateTimeOffset"
    BOOLEAN = "Edm.Boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is what requests say; `stored` is the column in SQLite, which differs after renaming."""

    name: str
    kind: Kind
    stored: str


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Names are case-sensitive."""
        return next((column for column in self.columns if column.name == name), None)

    def without(self, name: str) -> "Entity":
        return replace(self, columns=tuple(column for column in self.columns if column.name != name))

    def renamed(self, name: str, new: str) -> "Entity":
        columns = (replace(column, name=new) if column.name == name else column for column in self.columns)
        key = tuple(new if part == name else part for part in self.key)
        return replace(self, key=key, columns=tuple(columns))


def _entity(name: str, key: tuple[str, ...], **columns: Kind) -> Entity:
    return Entity(name, key, tuple(Column(column, kind, column) for column, kind in columns.items()))


WORKORDER = _entity(
    "Workorder",
    ("WorkorderId",),
    WorkorderId=Kind.INTEGER,
    WONUMMER=Kind.STRING,
    AffiliateId=Kind.INTEGER,
    AppointmentDate=Kind.DATETIME,
    Mileage=Kind.INTEGER,
    Make=Kind.STRING,
    Model=Kind.STRING,
    LicensePlate=Kind.STRING,
    ModifiedOn=Kind.DATETIME,
    VIN=Kind.STRING,
    CustomerNumber=Kind.INTEGER,
    InternalRemark=Kind.STRING,
)
LINE = _entity(
    "WorkorderLine",
    ("LineId",),
    LineId=Kind.INTEGER,
    WorkorderId=Kind.INTEGER,
    JobNumber=Kind.INTEGER,
    SortOrder=Kind.INTEGER,
    LineType=Kind.STRING,
    Description=Kind.STRING,
    PartNumber=Kind.STRING,
    Quantity=Kind.DECIMAL,
    Price=Kind.DECIMAL,
    CostPrice=Kind.DECIMAL,
    Mechanic=Kind.STRING,
)
CONTACT = _entity(
    "WorkorderContact",
    ("WorkorderId", "Role"),
    WorkorderId=Kind.INTEGER,
    Role=Kind.STRING,
    LastName=Kind.STRING,
    PhoneBusiness=Kind.STRING,
    EmailBusiness=Kind.STRING,
    FirstName=Kind.STRING,
    PhonePrivate=Kind.STRING,
    EmailPrivate=Kind.STRING,
    Street=Kind.STRING,
    PostalCode=Kind.STRING,
    City=Kind.STRING,
    DateOfBirth=Kind.DATETIME,
)
ENTITIES = {entity.name: entity for entity in (WORKORDER, LINE, CONTACT)}
INDEXED = {
    "Workorder": ("WONUMMER", "LicensePlate", "AppointmentDate", "ModifiedOn"),
    "WorkorderLine": ("WorkorderId",),
    "WorkorderContact": (),
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """One workorder: its header row, its lines and its contacts."""

    header: Row
    lines: tuple[Row, ...]
    contacts: tuple[Row, ...]

    def rows(self, entity: Entity) -> tuple[Row, ...]:
        return {"Workorder": (self.header,), "WorkorderLine": self.lines}.get(entity.name, self.contacts)
