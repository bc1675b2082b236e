"""Where the rows of a Vinacles differ from our mapping: names and JSON types, never a value. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from schemas.coded import Coded
from schemas.rows import is_known_line_type
from schemas.vinacles import CONTACT, ENTITIES, LINE, LINE_TYPE, NUMBERS, WORKORDER, Entity, RawWorkorder

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
# A name of a kind is one short word; anything else might be a text that somebody typed.
_WORD = re.compile(r"[A-Za-z]{1,20}", re.ASCII)
#: More new line types than this at a time are no types, but a column that holds something else.
_MOST_LINE_TYPES = 5
#: Instead of a name that could be anything.
UNUSUAL = "(unusual)"
_TYPES: Mapping[type, str] = {
    int: "number",
    Decimal: "number",
    float: "number",
    str: "string",
    bool: "boolean",
    list: "array",
    dict: "object",
}


class Kind(Coded):
    """What is different; `words` begins the sentence about it."""

    def __init__(self, _code: str, words: str) -> None:
        self.words = words

    NEW_COLUMN = ("new_column", "a column that we do not ask for")
    MISSING_COLUMN = ("missing_column", "is missing")
    RETYPED_COLUMN = ("retyped_column", "comes as another type")
    UNREADABLE_COLUMN = ("unreadable_column", "may not be read, or is missing")
    OTHER_KEY = ("other_key", "is not the key")
    NEW_LINE_TYPE = ("new_line_type", "holds a new line type")


class Action(StrEnum):
    """What happens when a field differs: nothing, a report, or no import while it does."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One difference. `found` is a JSON type, a line type's name or a key, empty where nothing is there."""

    entity: str
    column: str
    kind: Kind
    found: str = ""

    @property
    def field(self) -> str:
        return f"{self.entity}.{self.column}"

    @property
    def words(self) -> str:
        found = f" ({self.found})" if self.found else ""
        return f"{self.field}: {self.kind.words}{found}"


_COLUMNS = {entity.name: entity.columns for entity in ENTITIES}
_NOTHING: frozenset[Drift] = frozenset()


def expected_type(column: str) -> str:
    return "number" if column in NUMBERS else "string"


def column_of(name: object) -> str:
    """A column's name as it may be shown."""
    return name if isinstance(name, str) and _NAME.fullmatch(name) else UNUSUAL


def of_row(entity: Entity, row: object) -> frozenset[Drift]:
    """How one row differs; what is null says nothing of its type. Costs less than a microsecond: rows of
    the same columns and types are judged once."""
    columns = row if isinstance(row, Mapping) else {}
    return _of_shape(entity.name, tuple(columns), tuple(map(type, columns.values())))


def of_workorder(raw: RawWorkorder) -> frozenset[Drift]:
    """How any of its rows differs, line types included."""
    shapes = [of_row(entity, row) for entity in ENTITIES for row in _rows(entity, raw)]
    return of_line_types([raw]).union(*shapes)


def of_sample(raws: Sequence[RawWorkorder]) -> frozenset[Drift]:
    """How the first rows of the first and of the last workorder differ."""
    ends = raws if len(raws) < 2 else (raws[0], raws[-1])
    shapes = [of_row(entity, row) for raw in ends for entity in ENTITIES for row in _rows(entity, raw)[:1]]
    return _NOTHING.union(*shapes)


def of_line_types(raws: Iterable[RawWorkorder]) -> frozenset[Drift]:
    """Line types that nobody has explained to us."""
    texts = {text for raw in raws for row in raw.lines if isinstance(text := row.get(LINE_TYPE), str)}
    names = {name for text in texts if (name := text.strip()) and not is_known_line_type(name)}
    if len(names) > _MOST_LINE_TYPES or not all(map(_WORD.fullmatch, names)):
        names = {UNUSUAL}
    return frozenset(Drift(LINE.name, LINE_TYPE, Kind.NEW_LINE_TYPE, name) for name in names)


def of_fields(fields: Iterable[str], raws: Iterable[RawWorkorder]) -> frozenset[Drift]:
    """How any row differs in these fields: all rows are looked at."""
    wanted, came = frozenset(fields), list(raws)
    shapes = {
        (entity.name, tuple(row), tuple(map(type, row.values()))): (entity, row)
        for entity in ENTITIES
        if any(field.startswith(f"{entity.name}.") for field in wanted)
        for raw in came
        for row in _rows(entity, raw)
    }
    found = _NOTHING.union(*(of_row(entity, row) for entity, row in shapes.values()))
    if f"{LINE.name}.{LINE_TYPE}" in wanted:
        found |= of_line_types(came)
    return frozenset(drift for drift in found if drift.field in wanted)


@lru_cache(maxsize=1024)
def _of_shape(entity: str, names: tuple[object, ...], types: tuple[type, ...]) -> frozenset[Drift]:
    """By the entity's name, whose hash is at hand."""
    columns = _COLUMNS[entity]
    came = dict(zip(names, types, strict=True))
    found = [Drift(entity, column, Kind.MISSING_COLUMN) for column in columns if column not in came]
    for name, kind in came.items():
        if name not in columns:
            found.append(Drift(entity, column_of(name), Kind.NEW_COLUMN, _TYPES.get(kind, "")))
        elif kind is not type(None) and _TYPES.get(kind) != expected_type(str(name)):
            found.append(Drift(entity, str(name), Kind.RETYPED_COLUMN, _TYPES.get(kind, UNUSUAL)))
    return frozenset(found)


def _rows(entity: Entity, raw: RawWorkorder) -> Sequence[Mapping[str, object]]:
    if entity is WORKORDER:
        return (raw.header,)
    return raw.contacts if entity is CONTACT else raw.lines
