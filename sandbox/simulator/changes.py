"""Changes of rows as the remote control describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.simulator.database import Database, check_row
from sandbox.simulator.tables import ENTITIES, Entity, Kind, Row


class Action(StrEnum):
    """The rows that an action reads stand behind it."""

    PUT = "put"
    """Insert `row`, or replace the one with its key."""
    PATCH = "patch"
    """Give `values` to every row that equals `where`."""
    DELETE = "delete"
    """Delete every row that equals `where`."""


_READ = {Action.PUT: ("row",), Action.PATCH: ("where", "values"), Action.DELETE: ("where",)}
_KEY_TYPES = {Kind.INTEGER: int, Kind.STRING: str}


@dataclass(frozen=True, slots=True)
class Change:
    action: Action
    entity: Entity
    row: Row = field(default_factory=dict)
    where: Row = field(default_factory=dict)
    values: Row = field(default_factory=dict)

    @staticmethod
    def from_json(data: Any) -> "Change":
        """Raises `ValueError` that says what is unknown, missing, or nothing that a row can hold."""
        if not isinstance(data, Mapping) or not {"action", "entity"} <= data.keys():
            raise ValueError(
                'A change is an object like {"action": "put", "entity": "Workorder", "row": {…}}'
            )
        name, said = str(data["entity"]), str(data["action"])
        if said not in list(Action):
            raise ValueError(f"There is no action {said}; there are {', '.join(Action)}")
        if name not in ENTITIES:
            raise ValueError(f"There is no entity {name}; there are {', '.join(ENTITIES)}")
        action = Action(said)
        rows: dict[str, Any] = {part: data.get(part) for part in _READ[action]}
        if data.keys() != {"action", "entity", *rows}:
            raise ValueError(f"{action} takes action, entity, {', '.join(rows)}")
        change = Change(action, ENTITIES[name], **rows)
        change._check()
        return change

    def make(self, database: Database) -> int:
        """Returns how many rows there were; raises `sqlite3.Error` where two rows would have one key."""
        if self.action is Action.PUT:
            database.put(self.entity, self.row)
            return 1
        if self.action is Action.PATCH:
            return database.patch(self.entity, self.where, self.values)
        return database.delete(self.entity, self.where)

    def _check(self) -> None:
        for row in (self.row, self.where, self.values):
            check_row(self.entity, row)
        if self.action is Action.PATCH and not self.values:
            raise ValueError("patch needs at least one of values")
        keys = {*self.entity.key, "WorkorderId"}
        for name in keys if self.action is Action.PUT else keys & self.values.keys():
            self._check_key(name, (self.row or self.values).get(name))

    def _check_key(self, name: str, value: object) -> None:
        column = self.entity.column(name)
        if column is not None and type(value) is not _KEY_TYPES[column.kind]:
            raise ValueError(f"{self.entity.name}.{name} is part of the key and cannot be {value!r}")
