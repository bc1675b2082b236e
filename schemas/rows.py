"""The rows of Vinacles, one schema per entity: the one description of what their columns may hold."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from marshmallow import EXCLUDE, Schema, ValidationError

from schemas import vinacles
from schemas.fields import (
    Code,
    Column,
    Email,
    Id,
    Mileage,
    Money,
    Phone,
    Plate,
    Problem,
    Quantity,
    Text,
    WallClock,
    Warned,
    Word,
)
from schemas.numbers import MAX_ID
from schemas.outcome import Reason, Warning
from schemas.quick import Found, compile_reader
from schemas.workorder import Role

LABOR, PART = "labor", "part"
_LINE_TYPES = dict.fromkeys(vinacles.LABOR_LINES, LABOR) | dict.fromkeys(vinacles.PART_LINES, PART)
_ROLES = {role.value: role for role in Role}


class RowSchema(Schema):
    """Columns that were not asked for are not looked at."""

    class Meta:
        unknown = EXCLUDE

    def __init__(self) -> None:
        super().__init__()
        self.read_quickly = compile_reader(self)


class HeaderSchema(RowSchema):
    dms_number = Id(vinacles.DMS_NUMBER, problem=Reason.UNREADABLE_NUMBER)
    wo_number = Code(
        vinacles.WO_NUMBER,
        length=vinacles.WO_NUMBER_LENGTH,
        unreadable=Reason.UNREADABLE_NUMBER,
        empty=Reason.NO_WO_NUMBER,
    )
    affiliate_id = Id(vinacles.AFFILIATE, problem=Reason.UNREADABLE_NUMBER)
    appointment = WallClock(
        vinacles.APPOINTMENT,
        unreadable=Reason.UNREADABLE_APPOINTMENT_DATE,
        empty=Reason.NO_APPOINTMENT_DATE,
    )
    mileage_km = Mileage(vinacles.MILEAGE, unreadable=Warning.UNREADABLE_MILEAGE)
    make = Text(vinacles.MAKE, length=100, recurs=True)
    model = Text(vinacles.MODEL, length=100, recurs=True)
    plate = Plate(vinacles.PLATE, unreadable=Warning.UNREADABLE_PLATE)


class LineSchema(RowSchema):
    line_id = Id(vinacles.LINE_ID, problem=Reason.UNREADABLE_NUMBER)
    dms_number = Id(vinacles.DMS_NUMBER, problem=Reason.UNREADABLE_NUMBER)
    job_number = Id(vinacles.JOB_NUMBER, problem=Reason.UNREADABLE_NUMBER, minimum=0)
    sort_order = Id(vinacles.SORT_ORDER, problem=Warning.UNREADABLE_SORT_ORDER, minimum=-MAX_ID)
    line_type = Word(vinacles.LINE_TYPE, _LINE_TYPES, unknown=Warning.UNKNOWN_LINE_TYPE)
    description = Text(vinacles.DESCRIPTION, length=500, recurs=True)
    reference_code = Text(vinacles.PART_NUMBER, length=100, recurs=True)
    quantity = Quantity(vinacles.QUANTITY, unreadable=Warning.UNREADABLE_QUANTITY)
    price = Money(vinacles.PRICE, unreadable=Reason.UNREADABLE_PRICE, empty=Warning.NO_PRICE)


class ContactSchema(RowSchema):
    dms_number = Id(vinacles.DMS_NUMBER, problem=Warning.UNREADABLE_CONTACT)
    role = Word(vinacles.ROLE, _ROLES, unknown=Warning.UNKNOWN_CONTACT_ROLE)
    last_name = Text(vinacles.LAST_NAME, length=200)
    phone = Phone(vinacles.PHONE, unreadable=Warning.UNREADABLE_TEXT)
    email = Email(vinacles.EMAIL, unreadable=Warning.UNREADABLE_EMAIL)

    def __init__(self, phone_region: str) -> None:
        self.phone_region = phone_region
        super().__init__()

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        if isinstance(field_obj, Phone):
            field_obj.region = self.phone_region


def is_known_line_type(text: str) -> bool:
    return text.strip().lower() in _LINE_TYPES


@cache
def header_schema() -> HeaderSchema:
    return HeaderSchema()


@cache
def line_schema() -> LineSchema:
    return LineSchema()


@cache
def contact_schema(phone_region: str) -> ContactSchema:
    return ContactSchema(phone_region)


class ReadRow(dict[str, Any]):
    """A row as read: its values by field name, None where there is nothing usable, and the `problems` of
    those fields that have any. A dict, since nothing else is looked into as fast, and there are many."""

    __slots__ = ("problems",)
    __hash__ = None

    def __init__(self, values: Mapping[str, Any], problems: Mapping[str, tuple[Problem, ...]]) -> None:
        super().__init__(values)
        self.problems = problems

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReadRow) and super().__eq__(other) and self.problems == other.problems


def read_row(schema: RowSchema, row: object) -> ReadRow:
    """Read any JSON value as a row of this schema; what is no object counts as a row without columns."""
    return ReadRow(*(schema.read_quickly(row) or load_row(schema, row)))


def load_row(schema: RowSchema, row: object) -> Found:
    """What `read_row` gives, read by marshmallow."""
    columns = cast("Mapping[str, Any]", row) if isinstance(row, Mapping) else {}
    try:
        loaded, failed = schema.load(columns), frozenset[str]()
    except ValidationError as error:
        loaded = cast("dict[str, Any]", error.valid_data)
        failed = frozenset(error.normalized_messages())  # type: ignore[no-untyped-call]  # marshmallow has no types here
    values: dict[str, Any] = {}
    problems: dict[str, tuple[Problem, ...]] = {}
    for name, column in schema.fields.items():
        values[name], found = _judged(cast("Column[Any]", column), columns, loaded.get(name), failed)
        if found:
            problems[name] = found
    return values, problems


def last_of_each(rows: Iterable[ReadRow], name: str) -> tuple[list[ReadRow], list[Problem]]:
    """Of rows with the same key the last one that came; rows without a readable key are all kept."""
    by_key: dict[object, ReadRow] = {}
    problems: list[Problem] = []
    for row in rows:
        key = row[name]
        if key is not None and key in by_key:
            problems.append(Warning.REPEATED_ROW)
        by_key[object() if key is None else key] = row
    return list(by_key.values()), problems


def _judged(
    column: Column[Any], columns: Mapping[str, Any], reading: object, failed: frozenset[str]
) -> tuple[Any, tuple[Problem, ...]]:
    key = str(column.data_key)
    if key not in columns:
        return None, (_missing(column),)
    if key in failed:
        return None, (column.unreadable,)
    if isinstance(reading, Warned):
        return reading.value, reading.warnings
    return reading, (column.empty,) if reading is None and column.empty else ()


def _missing(column: Column[Any]) -> Problem:
    """Nobody knows what a column that was left out holds, so a necessary one is refused, never guessed."""
    reasons = (problem for problem in (column.empty, column.unreadable) if isinstance(problem, Reason))
    return next(reasons, column.empty or Warning.MISSING_COLUMN)
