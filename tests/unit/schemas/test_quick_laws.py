"""A row read quickly is the row that marshmallow loads, whatever it holds; faultless rows are quick."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import (
    EXCLUDE,
    INCLUDE,
    Schema,
    ValidationError,
    post_load,
    pre_load,
    validate,
    validates,
    validates_schema,
)

from schemas import vinacles
from schemas.fields import Text
from schemas.outcome import Warning
from schemas.quick import compile_reader
from schemas.rows import (
    ReadRow,
    RowSchema,
    contact_schema,
    header_schema,
    line_schema,
    load_row,
    read_row,
)
from tests.unit.schemas.arbitrary import rows_of
from tests.unit.schemas.invented import CONTACT, HEADER, LABOR, PART, without


def by_marshmallow(schema: RowSchema, row: object) -> ReadRow:
    return ReadRow(*load_row(schema, row))


@given(rows_of(vinacles.WORKORDER, HEADER))
def test_a_header_reads_as_marshmallow_loads_it(row: Any) -> None:
    assert read_row(header_schema(), row) == by_marshmallow(header_schema(), row)


@given(rows_of(vinacles.LINE, LABOR) | rows_of(vinacles.LINE, PART))
def test_a_line_reads_as_marshmallow_loads_it(row: Any) -> None:
    assert read_row(line_schema(), row) == by_marshmallow(line_schema(), row)


@given(rows_of(vinacles.CONTACT, CONTACT), st.sampled_from(["NL", "BE"]))
def test_a_contact_reads_as_marshmallow_loads_it(row: Any, region: str) -> None:
    assert read_row(contact_schema(region), row) == by_marshmallow(contact_schema(region), row)


@pytest.mark.parametrize(
    ("schema", "row"),
    [
        (header_schema(), HEADER),
        (header_schema(), {**HEADER, "Mileage": 0, "LicensePlate": "D-X 99 Y", "Make": None}),
        (line_schema(), LABOR),
        (line_schema(), {**PART, "Price": None, "VIN": "never asked for"}),
        (contact_schema("NL"), CONTACT),
        (contact_schema("NL"), {**CONTACT, "PhoneBusiness": "0612345678 na 17u", "EmailBusiness": "geen"}),
    ],
)
def test_marshmallow_is_not_needed_for_rows_that_can_be_read(schema: RowSchema, row: Any) -> None:
    assert schema.read_quickly(row) == load_row(schema, row)


@pytest.mark.parametrize("row", [without(HEADER, "Make"), {**HEADER, "Make": 5}, None, [HEADER]])
def test_marshmallow_judges_what_is_missing_or_unreadable(row: Any) -> None:
    assert header_schema().read_quickly(row) is None


class Ordinary(RowSchema):
    make = Text("Make", length=10)
    model = Text("Model", length=10)


class Preparing(Ordinary):
    @pre_load
    def prepare(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return {name: str(value).title() for name, value in data.items()}


class Finishing(Ordinary):
    @post_load
    def finish(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "make": "finished"}


class CheckingAll(Ordinary):
    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        raise ValidationError({"Make": ["never"]})


class CheckingOne(Ordinary):
    @validates("make")
    def check(self, value: Any, **_: Any) -> None:
        raise ValidationError("never")


class Renaming(Ordinary):
    def load(self, data: Any, **options: Any) -> Any:
        return super().load({"Make": "loaded", "Model": data["Model"]}, **options)


class Including(Ordinary):
    class Meta:
        unknown = INCLUDE


class Shouting(Text):
    def _deserialize(self, *arguments: Any, **options: Any) -> Any:
        return str(super()._deserialize(*arguments, **options)).upper()


class WithOwnField(Ordinary):
    make = Shouting("Make", length=10)


class Overriding(Text):
    def deserialize(self, *arguments: Any, **options: Any) -> Any:
        return str(super().deserialize(*arguments, **options)).upper()


class WithOverridingField(Ordinary):
    make = Overriding("Make", length=10)


class Refusing(Text):
    def _validate(self, value: Any) -> None:
        raise ValidationError("never")


class WithRefusingField(Ordinary):
    make = Refusing("Make", length=10)


class Alone(RowSchema):
    make = Text("Make", length=10)


def changed(change: Callable[[Text], None]) -> type[RowSchema]:
    class Changed(Ordinary):
        def on_bind_field(self, field_name: str, field_obj: Any) -> None:
            change(field_obj)

    return Changed


def with_validator(field: Text) -> None:
    field.validators = [validate.Length(max=1)]


def with_pre_load(field: Text) -> None:
    field.pre_load = [str.upper]


def with_post_load(field: Text) -> None:
    field.post_load = [str.upper]


def without_null(field: Text) -> None:
    field.allow_none = False


def optional(field: Text) -> None:
    field.required = False


@pytest.mark.parametrize(
    "kind",
    [
        Preparing,
        Finishing,
        CheckingAll,
        CheckingOne,
        Renaming,
        Including,
        WithOwnField,
        WithOverridingField,
        WithRefusingField,
        Alone,
        *map(changed, (with_validator, with_pre_load, with_post_load, without_null, optional)),
    ],
)
def test_a_schema_that_declares_more_is_left_to_marshmallow(kind: type[RowSchema]) -> None:
    schema, row = kind(), {"Make": "volvo", "Model": "v70"}
    assert schema.read_quickly(row) is None
    assert read_row(schema, row) == by_marshmallow(schema, row)


class Anything(Schema):
    class Meta:
        unknown = EXCLUDE

    make = Text("Make", length=10)
    model = Text("Model", length=10)


def elsewhere(field: Text) -> None:
    field.attribute = f"{field.name}_elsewhere"


@pytest.mark.parametrize(
    "schema",
    [
        Anything(many=True),
        Anything(partial=True),
        Anything(dump_only=["make"]),
        changed(elsewhere)(),
    ],
)
def test_other_ways_to_load_are_left_to_marshmallow(schema: Schema) -> None:
    assert compile_reader(schema)({"Make": "volvo", "Model": "v70"}) is None
    assert compile_reader(Anything())({"Make": "volvo", "Model": "v70"}) is not None


def test_an_ordinary_schema_is_compiled() -> None:
    row = {"Make": "volvo", "Model": "v70 " * 5}
    assert Ordinary().read_quickly(row) == (
        {"make": "volvo", "model": "v70 v70 v7"},
        {"model": (Warning.TEXT_SHORTENED,)},
    )


def test_rows_of_other_kinds_of_mappings_are_read_too() -> None:
    class Frozen(dict[str, Any]):
        pass

    row = Frozen(HEADER)
    assert read_row(header_schema(), row) == read_row(header_schema(), HEADER)
    assert read_row(header_schema(), HEADER)["appointment"] == datetime.fromisoformat("2026-06-15T08:30:00")


@pytest.mark.parametrize("column", ["Quantity", "Price", "Description", "LineType"])
def test_what_was_read_before_does_not_change_what_is_read(column: str) -> None:
    alike = [1, True, Decimal(1), "1", Decimal("1.00"), 1, [1], {}, "Part", Decimal("sNaN")]
    for value in (*alike, *reversed(alike)):
        row = {**PART, column: value}
        assert read_row(line_schema(), row) == by_marshmallow(line_schema(), row)
