"""What 2Drive's rows would be checked with if nothing were done for speed: nested schemas as marshmallow's
documentation shows them, with the same rules. They collect no warnings, so they do less than ours."""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validates_schema
from marshmallow.validate import Length, OneOf, Range

from schemas import plates, vinacles
from schemas.clock import to_instant
from schemas.emails import judged, read_email
from schemas.numbers import MAX_ID
from schemas.phones import PhoneReading, read_phone, search_phone
from schemas.texts import clean
from schemas.workorder import Contact, Intervention, Part, Role, Workorder

LABOR, PART = vinacles.LABOR_LINES, vinacles.PART_LINES


class Trimmed(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return clean(super()._deserialize(value, attr, data, **kwargs)) or None


class Lower(Trimmed):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return text and text.lower()


class Plate(Trimmed):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        bare = text and plates.bare(text)
        if text and not bare:
            raise ValidationError("no plate")
        return bare


class Email(Trimmed):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return text and self.address(text)

    def address(self, text: str) -> str | None:
        return judged(text)


class Phone(Trimmed):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return text and self.number(text)

    def number(self, text: str) -> PhoneReading:
        return search_phone(text, "NL")


def identifier(column: str, minimum: int = 1) -> fields.Integer:
    return fields.Integer(strict=True, required=True, data_key=column, validate=Range(minimum, MAX_ID))


def text(column: str, length: int) -> Trimmed:
    return Trimmed(required=True, allow_none=True, data_key=column, validate=Length(max=length))


def amount(column: str, places: int, digits: int) -> fields.Decimal:
    limit = Decimal(10) ** digits
    bounds = Range(-limit, limit, min_inclusive=False, max_inclusive=False)
    return fields.Decimal(
        places, ROUND_HALF_UP, required=True, allow_none=True, data_key=column, validate=bounds
    )


class Row(Schema):
    class Meta:
        unknown = EXCLUDE


class LineSchema(Row):
    line_id = identifier(vinacles.LINE_ID)
    dms_number = identifier(vinacles.DMS_NUMBER)
    job_number = identifier(vinacles.JOB_NUMBER, 0)
    sort_order = identifier(vinacles.SORT_ORDER, -MAX_ID)
    line_type = Lower(required=True, data_key=vinacles.LINE_TYPE)
    description = text(vinacles.DESCRIPTION, 500)
    reference_code = text(vinacles.PART_NUMBER, 100)
    quantity = amount(vinacles.QUANTITY, 3, 9)
    price = amount(vinacles.PRICE, 2, 10)


class ContactSchema(Row):
    dms_number = identifier(vinacles.DMS_NUMBER)
    role = Lower(required=True, data_key=vinacles.ROLE, validate=OneOf(list(Role)))
    last_name = text(vinacles.LAST_NAME, 200)
    phone = Phone(required=True, allow_none=True, data_key=vinacles.PHONE)
    email = Email(required=True, allow_none=True, data_key=vinacles.EMAIL)

    @post_load
    def contact(self, data: dict[str, Any], **_: Any) -> Contact:
        found = data["phone"]
        number, written = (found.e164, found.as_written) if found else (None, None)
        return Contact(Role(data["role"]), data["last_name"], number, written, data["email"])


class WorkorderSchema(Row):
    dms_number = identifier(vinacles.DMS_NUMBER)
    wo_number = Trimmed(
        required=True, data_key=vinacles.WO_NUMBER, validate=Length(1, vinacles.WO_NUMBER_LENGTH)
    )
    affiliate_id = identifier(vinacles.AFFILIATE)
    appointment = fields.NaiveDateTime(
        "iso",
        required=True,
        data_key=vinacles.APPOINTMENT,
        validate=Range(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2100-12-31T23:59:59")),
    )
    mileage_km = fields.Integer(
        required=True, allow_none=True, data_key=vinacles.MILEAGE, validate=Range(0, 9_999_999)
    )
    make = text(vinacles.MAKE, 100)
    model = text(vinacles.MODEL, 100)
    plate = Plate(required=True, allow_none=True, data_key=vinacles.PLATE)
    lines = fields.List(fields.Nested(LineSchema), required=True, validate=Length(min=1))
    contacts = fields.List(fields.Nested(ContactSchema), required=True)

    @validates_schema
    def has_labor(self, data: Mapping[str, Any], **_: Any) -> None:
        if not any(line["line_type"] in LABOR for line in data["lines"]):
            raise ValidationError("no labor")

    @post_load
    def workorder(self, data: dict[str, Any], **_: Any) -> Workorder:
        plate, local = data["plate"], data["appointment"]
        in_jobs = sorted(
            data["lines"], key=lambda line: (line["job_number"], line["sort_order"], line["line_id"])
        )
        jobs = [list(lines) for _, lines in groupby(in_jobs, key=lambda line: line["job_number"])]
        jobs.sort(key=lambda job: job[0]["sort_order"])
        return Workorder(
            dms_number=data["dms_number"],
            wo_number=data["wo_number"],
            affiliate_id=data["affiliate_id"],
            appointment_local=local,
            appointment_at=to_instant(local, "Europe/Amsterdam")[0],
            mileage_km=data["mileage_km"],
            make=data["make"],
            model=data["model"],
            plate=plate,
            plate_display=plate and plates.display(plate),
            interventions=tuple(intervention(position, job) for position, job in enumerate(jobs, 1)),
            contacts=tuple(sorted(data["contacts"], key=lambda contact: list(Role).index(contact.role))),
        )


def intervention(position: int, job: list[dict[str, Any]]) -> Intervention:
    labor = [line for line in job if line["line_type"] in LABOR]
    parts = [line for line in job if line["line_type"] in PART]
    return Intervention(
        job_number=job[0]["job_number"],
        position=position,
        title=(labor or job)[0]["description"],
        labor_price=total(labor),
        parts_price=total(parts),
        total_price=total(job),
        parts=tuple(
            Part(line["line_id"], place, line["reference_code"], line["quantity"], line["price"])
            for place, line in enumerate(parts, 1)
        ),
    )


def total(lines: list[dict[str, Any]]) -> Decimal:
    return sum((line["price"] for line in lines), Decimal("0.00"))


class QuickPhone(Phone):
    def number(self, text: str) -> PhoneReading:
        return read_phone(text, "NL")


class QuickEmail(Email):
    def address(self, text: str) -> str | None:
        return read_email(text)[0]


class QuickContactSchema(ContactSchema):
    phone = QuickPhone(required=True, allow_none=True, data_key=vinacles.PHONE)
    email = QuickEmail(required=True, allow_none=True, data_key=vinacles.EMAIL)


class QuickWorkorderSchema(WorkorderSchema):
    """The same with our shortcuts for phone numbers and addresses, to see what the rest is worth."""

    contacts = fields.List(fields.Nested(QuickContactSchema), required=True)
