"""What faults do to a tenant's schema and to the rows of a good answer."""

import json
from collections.abc import Sequence

from sandbox.simulator.faults import Fault, FaultKind
from sandbox.simulator.tables import Entity, Kind

_LABOR = {"labor", "labour", "arbeid"}


def schema_of(entity: Entity, faults: Sequence[Fault]) -> tuple[Entity, frozenset[str]]:
    """The entity as it is with these faults, and the columns that our role may not read."""
    forbidden = set()
    for fault in faults:
        if fault.kind is FaultKind.MISSING_COLUMN:
            entity = entity.without(fault.column)
        elif fault.kind is FaultKind.RENAMED_COLUMN:
            entity = entity.renamed(fault.column, fault.value)
        elif fault.kind is FaultKind.FORBIDDEN_COLUMN:
            forbidden.add(fault.column)
    return entity, frozenset(forbidden)


def spoiled_rows(rows: list[str], faults: Sequence[Fault]) -> list[str]:
    """`rows` are JSON objects as text."""
    for fault in faults:
        if fault.kind is FaultKind.REPEAT_ROW:
            rows = [*rows, *rows[-1:]]
        elif fault.kind is FaultKind.OMITTED_COLUMN:
            rows = [_without(row, fault.column) for row in rows]
        elif fault.kind is FaultKind.LINE_TYPE:
            rows = [_retyped(row, fault.column, fault.value) for row in rows]
    return rows


def _without(row: str, column: str) -> str:
    pairs = _pairs(row)
    pairs.pop(column, None)
    return _text(pairs)


def _retyped(row: str, old: str, new: str) -> str:
    pairs = _pairs(row)
    if "LineType" not in pairs:
        return row
    line_type = str(json.loads(pairs["LineType"]) or "").strip().lower()
    if line_type == old.lower() if old else line_type not in _LABOR:
        pairs["LineType"] = json.dumps(new)
    return _text(pairs)


class _Digits(float):
    """A number that prints the digits it was read from."""

    digits: str

    def __new__(cls, digits: str) -> "_Digits":
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


def _pairs(row: str) -> dict[str, str]:
    """Column name -> its value as JSON text, digits kept."""
    parsed: dict[str, object] = json.loads(row, parse_float=_Digits, parse_int=_Digits)
    return {
        name: value.digits if isinstance(value, _Digits) else json.dumps(value, ensure_ascii=False)
        for name, value in parsed.items()
    }


def _text(pairs: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs.items()) + "}"


def documented_columns(entity: Entity) -> dict[str, dict[str, str]]:
    """OpenAPI's `properties`; the types are as coarse as Data API builder's."""
    coarse = {Kind.INTEGER: "number", Kind.DECIMAL: "number"}
    return {
        column.name: {"type": coarse.get(column.kind, "string"), "format": ""} for column in entity.columns
    }
