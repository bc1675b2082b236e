"""From a parsed filter, an order and a cursor to parameterized SQL for SQLite."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.simulator.nodes import Comparison, Literal, Logical, Not, Operand, Predicate, Value, depth
from sandbox.simulator.tables import Column, Entity, Kind

_SIGNS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_DATETIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"(?P<minute>[0-9]{2}:[0-9]{2})(?P<second>:[0-9]{2})?(?P<fraction>\.[0-9]+)?"
)


@dataclass(frozen=True, slots=True)
class Order:
    column: Column
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Sql:
    text: str
    parameters: tuple[Value, ...]


def fold(value: Value) -> Value:
    """A text as SQL Server's default collation compares it: no case, no trailing spaces, accents kept."""
    return value.rstrip(" ").casefold() if isinstance(value, str) else value


def moment(value: Value) -> Value:
    """A wall clock so that texts of it compare as moments do: `2026-11-26T08:30` and
    `2026-11-26 08:30:00.000` are both `2026-11-26T08:30:00`. What is no wall clock stays as it is."""
    found = _DATETIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    fraction = (found["fraction"] or "").rstrip("0").rstrip(".")
    return f"{found['day']}T{found['minute']}{found['second'] or ':00'}{fraction}"


class Dialect:
    """`case_insensitive` compares texts as SQL Server's default collation does, else by code point."""

    def __init__(self, case_insensitive: bool) -> None:
        self._folds = case_insensitive

    def predicate(self, node: Predicate) -> Sql:
        parameters: list[Value] = []
        return Sql(self._predicate(node, parameters), tuple(parameters))

    def order_by(self, order: Sequence[Order]) -> str:
        return ", ".join(
            self.expression(part.column) + (" DESC" if part.descending else "") for part in order
        )

    def following(self, order: Sequence[Order], values: Sequence[Value]) -> Sql:
        """The rows after the one with `values`, by `order`. NULL sorts lowest, as in SQL Server."""
        choices: list[str] = []
        parameters: list[Value] = []
        for position, part in enumerate(order):
            terms: list[str] = []
            for before, value in zip(order[:position], values, strict=False):
                terms.append(f"{self.expression(before.column)} IS ?")
                parameters.append(self._value(before.column, value))
            terms.append(self._beyond(part, values[position], parameters))
            choices.append(f"({' AND '.join(terms)})")
        return Sql(f"({' OR '.join(choices)})", tuple(parameters))

    def expression(self, column: Column) -> str:
        name = f'"{column.stored}"'
        if column.kind is Kind.DECIMAL:
            return f"CAST(trim({name}, '\"') AS REAL)"
        if column.kind is Kind.DATETIME:
            return f"moment({name})"
        return f"fold({name})" if self._folds and column.kind is Kind.STRING else name

    def cursor(self, column: Column) -> str:
        """What `following` is given for `column`: the value as it is, a decimal as a number."""
        return self.expression(column) if column.kind is Kind.DECIMAL else f'"{column.stored}"'

    def _beyond(self, part: Order, value: Value, parameters: list[Value]) -> str:
        expression = self.expression(part.column)
        if value is None:
            return "0" if part.descending else f"{expression} IS NOT NULL"
        parameters.append(self._value(part.column, value))
        return f"({expression} < ? OR {expression} IS NULL)" if part.descending else f"{expression} > ?"

    def _value(self, column: Column, value: Value) -> Value:
        if column.kind is Kind.DATETIME:
            return moment(value)
        return fold(value) if self._folds and column.kind is Kind.STRING else value

    def _predicate(self, node: Predicate, parameters: list[Value]) -> str:
        if isinstance(node, Logical):
            # SQLite's parser holds at most 100 things that are still open, so what is deepest comes first.
            terms = sorted(node.terms, key=depth, reverse=True)
            joined = f" {node.operator.upper()} ".join(self._predicate(term, parameters) for term in terms)
            return f"({joined})"
        if isinstance(node, Not):
            return f"(NOT {self._predicate(node.term, parameters)})"
        return self._comparison(node, parameters)

    def _comparison(self, node: Comparison, parameters: list[Value]) -> str:
        left, right = node.left, node.right
        if isinstance(left, Literal) and left.kind is None:
            left, right = right, left
        if isinstance(right, Literal) and right.kind is None and node.operator in ("eq", "ne"):
            negation = "" if node.operator == "eq" else "NOT "
            return f"({self._operand(left, parameters)} IS {negation}NULL)"
        texts = (self._operand(node.left, parameters), self._operand(node.right, parameters))
        return f"({texts[0]} {_SIGNS[node.operator]} {texts[1]})"

    def _operand(self, operand: Operand, parameters: list[Value]) -> str:
        if not isinstance(operand, Literal):
            return self.expression(operand.column)
        folds = self._folds and operand.kind is Kind.STRING
        parameters.append(fold(operand.value) if folds else operand.value)
        return "?"


def json_object(columns: Sequence[Column]) -> str:
    """An SQL expression that gives a row as JSON text; decimals keep the digits they were stored with."""
    pairs = ", ".join(f"'{column.name}', {_json_value(column)}" for column in columns)
    return f"json_object({pairs})"


def _json_value(column: Column) -> str:
    return f'json("{column.stored}")' if column.kind is Kind.DECIMAL else f'"{column.stored}"'


def table(entity: Entity) -> str:
    return f'"{entity.name}"'
