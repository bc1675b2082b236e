"""The tenant's tables in SQLite, in a private file that vanishes with its connection."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice

from sandbox.simulator.nodes import Value, holdable
from sandbox.simulator.sql import Sql, fold, moment
from sandbox.simulator.tables import ENTITIES, INDEXED, Bundle, Entity, Kind, Row

_BATCH = 1_000
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


class Database:
    """An empty file name is SQLite's temporary database: pages beyond the cache go to an unlinked file, so
    memory stays bounded and nothing is left behind however the process ends."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, cached_statements=512)
        self._connection.create_function("fold", 1, fold, deterministic=True)
        self._connection.create_function("moment", 1, moment, deterministic=True)
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-32000"):
            self._connection.execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        self._connection.close()

    def fill(self, bundles: Iterable[Bundle]) -> None:
        """Replace everything by `bundles`, which are read once and never held together."""
        for entity in ENTITIES.values():
            self._connection.execute(f'DROP TABLE IF EXISTS "{entity.name}"')
            self._connection.execute(_create(entity))
        self._connection.execute("BEGIN")
        for batch in _batches(bundles):
            for entity in ENTITIES.values():
                rows = [_stored(entity, row) for bundle in batch for row in bundle.rows(entity)]
                self._connection.executemany(_insert(entity), rows)
        self._connection.execute("COMMIT")
        for entity in ENTITIES.values():
            self._index(entity)
        self._connection.execute("ANALYZE")

    def read(self, query: Sql) -> list[tuple[object, ...]]:
        return self._connection.execute(query.text, query.parameters).fetchall()

    def count(self, entity: Entity) -> int:
        text = f'SELECT count(*) FROM "{entity.name}"'  # noqa: S608  our own names
        count: int = self._connection.execute(text).fetchone()[0]
        return count

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """What is written inside is undone where it ends with an exception."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def put(self, entity: Entity, row: Row) -> None:
        """Insert `row`, or replace the one with its key; columns it does not name become null."""
        number = row["WorkorderId"]
        self._connection.execute(_insert(entity).replace("INSERT", "INSERT OR REPLACE"), _stored(entity, row))
        self._touch([number], row)

    def patch(self, entity: Entity, where: Row, values: Row) -> int:
        """Give `values` to every row that equals `where`. Returns how many rows there were."""
        check_row(entity, values)
        numbers = self._workorders(entity, where)
        names = list(values)
        changes = ", ".join(f'"{name}" = ?' for name in names)
        condition = _condition(entity, where)
        parameters = (*(_value(entity, name, values[name]) for name in names), *condition.parameters)
        found = self._connection.execute(
            f'UPDATE "{entity.name}" SET {changes} WHERE {condition.text}',  # noqa: S608  names are checked
            parameters,
        )
        self._touch(numbers, values)
        return found.rowcount

    def delete(self, entity: Entity, where: Row) -> int:
        """Delete every row that equals `where`. Returns how many there were."""
        numbers = self._workorders(entity, where)
        condition = _condition(entity, where)
        found = self._connection.execute(
            f'DELETE FROM "{entity.name}" WHERE {condition.text}',  # noqa: S608  names are checked
            condition.parameters,
        )
        self._touch(numbers, {})
        return found.rowcount

    def _index(self, entity: Entity) -> None:
        for name in INDEXED[entity.name]:
            column = entity.column(name)
            compared = {Kind.STRING: [f'"{name}"', f'fold("{name}")'], Kind.DATETIME: [f'moment("{name}")']}
            for expression in compared.get(column.kind, [f'"{name}"']) if column is not None else ():
                self._connection.execute(
                    f'CREATE INDEX IF NOT EXISTS "{entity.name} {expression.replace(chr(34), "")}"'
                    f' ON "{entity.name}" ({expression})'
                )

    def _workorders(self, entity: Entity, where: Row) -> list[object]:
        condition = _condition(entity, where)
        text = f'SELECT DISTINCT "WorkorderId" FROM "{entity.name}" WHERE {condition.text}'  # noqa: S608  names are checked
        return [number for (number,) in self._connection.execute(text, condition.parameters)]

    def _touch(self, workorders: Iterable[object], values: Mapping[str, object]) -> None:
        """A change of a line or contact is a change of the header too, unless it sets a time itself."""
        if "ModifiedOn" in values:
            return
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        self._connection.executemany(
            'UPDATE "Workorder" SET "ModifiedOn" = ? WHERE "WorkorderId" = ?',
            [(now, number) for number in workorders],
        )


def _create(entity: Entity) -> str:
    # Without declared types SQLite keeps a value of any type as it is, dirty ones included.
    names = ", ".join(f'"{column.name}"' for column in entity.columns)
    key = ", ".join(f'"{name}"' for name in entity.key)
    if len(entity.key) == 1:
        names = names.replace(key, f"{key} INTEGER", 1)
    return f'CREATE TABLE "{entity.name}" ({names}, PRIMARY KEY ({key}))'


def _insert(entity: Entity) -> str:
    marks = ", ".join("?" for _ in entity.columns)
    return f'INSERT INTO "{entity.name}" VALUES ({marks})'  # noqa: S608  our own names


def _stored(entity: Entity, row: Row) -> tuple[Value, ...]:
    check_row(entity, row)
    return tuple(_value(entity, column.name, row.get(column.name)) for column in entity.columns)


def _value(entity: Entity, name: str, value: object) -> Value:
    """Decimals are stored as JSON text: `85.0000`, or `"85.0000"` where the tenant sends them as strings."""
    if value is not None and not isinstance(value, int | float | str):
        raise ValueError(f"{entity.name}.{name} cannot hold a {type(value).__name__}")
    column = entity.column(name)
    if value is None or column is None or column.kind is not Kind.DECIMAL:
        return value
    text = str(value)
    return text if _NUMBER.fullmatch(text) or _is_json_text(text) else json.dumps(text)


def _is_json_text(text: str) -> bool:
    try:
        return isinstance(json.loads(text), str)
    except ValueError:
        return False


def _condition(entity: Entity, where: Row) -> Sql:
    check_row(entity, where)
    text = " AND ".join(f'"{name}" IS ?' for name in where) or "1"
    return Sql(text, tuple(_value(entity, name, value) for name, value in where.items()))


def check_row(entity: Entity, row: object) -> None:
    """Raises `ValueError` for what is no row of `entity`, whole or in part."""
    if not isinstance(row, Mapping):
        raise ValueError(f"A row of {entity.name} is an object of columns and values, not {row!r}")  # noqa: TRY004  one kind for whatever is wrong with a row
    unknown = [str(name) for name in row if entity.column(name) is None]
    if unknown:
        raise ValueError(f"{entity.name} has no column {', '.join(unknown)}")
    for name, value in row.items():
        if not holdable(_value(entity, name, value)):
            raise ValueError(f"{entity.name}.{name} cannot hold {value!r}")


def _batches(bundles: Iterable[Bundle]) -> Iterator[list[Bundle]]:
    rest = iter(bundles)
    while batch := list(islice(rest, _BATCH)):
        yield batch
