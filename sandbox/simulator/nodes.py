"""What a `$filter` says, as a tree."""

import math
import re
from dataclasses import dataclass

from sandbox.simulator.tables import Column, Kind

Value = int | float | str | bool | None
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def holdable(value: object) -> bool:
    """Whether SQLite can hold it as it is: 64 bits, no infinity, UTF-8."""
    if isinstance(value, str):
        return _LONE_SURROGATE.search(value) is None
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or (isinstance(value, float) and math.isfinite(value))


@dataclass(frozen=True, slots=True)
class ColumnRef:
    column: Column

    @property
    def kind(self) -> Kind:
        return self.column.kind


@dataclass(frozen=True, slots=True)
class Literal:
    """`kind` is None for `null`. A datetime's value is its wall clock, zone and fraction dropped."""

    kind: Kind | None
    value: Value


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: "Operand"
    right: "Operand"


@dataclass(frozen=True, slots=True)
class Logical:
    """`operator` is `and` or `or`; there are two or more terms."""

    operator: str
    terms: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Not:
    term: "Predicate"


Operand = ColumnRef | Literal
Predicate = Comparison | Logical | Not
Node = Operand | Predicate


def depth(node: Predicate) -> int:
    """How many predicates stand within each other at most."""
    if isinstance(node, Logical):
        return 1 + max(map(depth, node.terms))
    return 1 + depth(node.term) if isinstance(node, Not) else 0


def columns_of(node: Node) -> frozenset[str]:
    """The names of the columns that a filter looks at."""
    if isinstance(node, Logical):
        return frozenset().union(*(columns_of(term) for term in node.terms))
    if isinstance(node, Not):
        return columns_of(node.term)
    if isinstance(node, Comparison):
        return columns_of(node.left) | columns_of(node.right)
    return frozenset({node.column.name}) if isinstance(node, ColumnRef) else frozenset()
