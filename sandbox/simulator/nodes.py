"""What a `$filter` says, as a tree."""

from dataclasses import dataclass

from sandbox.simulator.tables import Column, Kind

Value = int | float | str | bool | None


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


def columns_of(node: Node) -> frozenset[str]:
    """The names of the columns that a filter looks at."""
    if isinstance(node, Logical):
        return frozenset().union(*(columns_of(term) for term in node.terms))
    if isinstance(node, Not):
        return columns_of(node.term)
    if isinstance(node, Comparison):
        return columns_of(node.left) | columns_of(node.right)
    return frozenset({node.column.name}) if isinstance(node, ColumnRef) else frozenset()
