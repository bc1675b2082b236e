"""Reading a row without marshmallow's machinery for every load, compiled once from a schema's own fields.

The rules stay where they are declared: each column's `read` is called as marshmallow would call it. Whatever
marshmallow itself must judge (a column that is missing or unreadable, a row that is no object) is left to it,
and so is every row of a schema that declares something which is not known here.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast

from marshmallow import EXCLUDE, Schema, fields

from schemas.fields import Column, Problem, Warned

#: The values and the problems of a row by field name; fields without a problem are not among the latter.
Found = tuple[Mapping[str, Any], Mapping[str, tuple[Problem, ...]]]
QuickReader = Callable[[object], Found | None]
# Values of one column; a workshop has a few thousand titles and part numbers in use.
_REMEMBERED = 4096


def compile_reader(schema: Schema) -> QuickReader:
    """A reader of JSON rows: what loading with `schema` would give, or None where marshmallow must look."""
    columns = _known_columns(schema)
    if columns is None:
        return lambda row: None
    pick = itemgetter(*(column.data_key for column in columns))
    steps = [
        (str(column.name), _reader(column), (column.empty,) if column.empty else None) for column in columns
    ]

    def read(row: object) -> Found | None:
        if type(row) is not dict:
            return None
        values: dict[str, Any] = {}
        problems: dict[str, tuple[Problem, ...]] = {}
        try:
            for (name, read_value, empty), value in zip(steps, pick(row), strict=True):
                found = None if value is None else read_value(value)
                if type(found) is Warned:
                    problems[name] = found.warnings
                    found = found.value
                elif found is None and empty is not None:
                    problems[name] = empty
                values[name] = found
        except (KeyError, ValueError, TypeError):
            return None
        return values, problems

    return read


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    """By type too, since 1, True and Decimal(1) are equal and read differently. What cannot be remembered at
    all, such as a list, is a TypeError."""
    return lru_cache(_REMEMBERED, typed=True)(column.read) if column.recurs else column.read


def _known_columns(schema: Schema) -> list[Column[Any]] | None:
    """The columns in order, or None where loading does more than to call their `read`."""
    kind = type(schema)
    plain = (
        kind.load is Schema.load
        and not any(schema._hooks.values())
        and schema.unknown == EXCLUDE
        and not schema.many
        and not schema.partial
        and schema.load_fields == schema.fields
        and len(schema.fields) > 1  # itemgetter makes a tuple of two or more
    )
    if not plain or not all(map(_is_known, schema.fields.values())):
        return None
    return [cast("Column[Any]", column) for column in schema.fields.values()]


def _is_known(field: fields.Field[Any]) -> bool:
    kind = type(field)
    return (
        isinstance(field, Column)
        and kind.deserialize is fields.Field.deserialize
        and kind._deserialize is Column._deserialize
        and kind._validate is fields.Field._validate
        and field.required
        and field.allow_none
        and field.attribute is None
        and not (field.validators or field.pre_load or field.post_load)
    )
