"""The part of OData's `$filter` that Data API builder understands (OData 4.01 URL conventions, 5.1.1):
`eq ne gt ge lt le and or not ( )`, columns, literals and `null`. Keywords are case-sensitive, and `not` binds
tighter than the comparisons."""

import re
from collections.abc import Callable
from datetime import datetime

from sandbox.simulator.nodes import ColumnRef, Comparison, Literal, Logical, Node, Not, Operand, Predicate
from sandbox.simulator.refusals import Refusal, bad_request
from sandbox.simulator.tables import Entity, Kind

_MAX_DEPTH = 40
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_OPERATORS = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}
_UNSUPPORTED = {"in", "has", "add", "sub", "mul", "div", "divby", "mod"}
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')(?![\w'])
    | (?P<datetime>
        [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})
      )(?![\w.:-])
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.:-])
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>[()])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)


def parse_filter(text: str, entity: Entity) -> Predicate:
    """The predicate that `text` says about `entity`; raises `Refusal` with status 400 for anything else."""
    return _Parser(text, entity).parse()


def not_well_formed() -> Refusal:
    return bad_request("$filter query parameter is not well formed.")


def unknown_property(name: str, entity: Entity) -> Refusal:
    kind = f"default_namespace.{entity.name}.dbo.{entity.name}"
    return bad_request(f"Could not find a property named '{name}' on type '{kind}'.")


class _Parser:
    def __init__(self, text: str, entity: Entity) -> None:
        self._text = text
        self._entity = entity
        self._position = 0
        self._depth = 0
        self._advance()

    def parse(self) -> Predicate:
        node = self._or()
        if self._kind != "end":
            raise self._unexpected()
        return self._predicate(node)

    def _advance(self) -> None:
        found = _TOKEN.match(self._text, self._position)
        if found is None:
            rest = self._text[self._position :].lstrip()
            if rest.startswith("'"):
                where = len(self._text)
                raise bad_request(
                    f"There is an unterminated string literal at position {where} in '{self._text}'."
                )
            raise self._syntax_error()
        self._kind = found.lastgroup or "end"
        self._lexeme = found.group(self._kind)
        self._position = found.end()

    def _syntax_error(self) -> Refusal:
        return bad_request(f"Syntax error at position {self._position} in '{self._text}'.")

    def _unexpected(self) -> Refusal:
        return not_well_formed() if self._lexeme in _UNSUPPORTED else self._syntax_error()

    def _or(self) -> Node:
        return self._chain("or", self._and)

    def _and(self) -> Node:
        return self._chain("and", self._equality)

    def _chain(self, operator: str, term: Callable[[], Node]) -> Node:
        first = term()
        if self._lexeme != operator or self._kind != "name":
            return first
        terms = [self._predicate(first)]
        while self._lexeme == operator and self._kind == "name":
            self._advance()
            terms.append(self._predicate(term()))
        return Logical(operator, tuple(terms))

    def _equality(self) -> Node:
        return self._comparisons(("eq", "ne"), self._relational)

    def _relational(self) -> Node:
        return self._comparisons(("gt", "ge", "lt", "le"), self._unary)

    def _comparisons(self, operators: tuple[str, ...], term: Callable[[], Node]) -> Node:
        left = term()
        while self._kind == "name" and self._lexeme in operators:
            operator = self._lexeme
            self._advance()
            left = _compare(operator, left, term())
        return left

    def _unary(self) -> Node:
        if self._kind == "name" and self._lexeme == "not":
            self._advance()
            self._enter()
            term = self._unary()
            self._depth -= 1
            if isinstance(term, ColumnRef | Literal):
                raise bad_request(
                    "A unary operator with an incompatible type was detected. "
                    f"Found operand type '{_type_name(term)}' for operator kind 'Not'."
                )
            return Not(term)
        return self._primary()

    def _primary(self) -> Node:
        kind, lexeme = self._kind, self._lexeme
        if kind == "end":
            raise bad_request(f"Expression expected at position {len(self._text)} in '{self._text}'.")
        if lexeme == ")":
            raise self._syntax_error()
        self._advance()
        if kind == "sign":
            return self._parenthesis()
        if kind == "name":
            return self._name(lexeme)
        return _literal(kind, lexeme)

    def _parenthesis(self) -> Node:
        self._enter()
        node = self._or()
        self._depth -= 1
        if self._lexeme != ")" or self._kind != "sign":
            raise self._unexpected()
        self._advance()
        return node

    def _name(self, name: str) -> Node:
        if self._kind == "sign" and self._lexeme == "(":
            raise not_well_formed()
        if name == "null":
            return Literal(None, None)
        if name in ("true", "false"):
            return Literal(Kind.BOOLEAN, name == "true")
        column = self._entity.column(name)
        if column is None:
            raise unknown_property(name, self._entity)
        return ColumnRef(column)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise bad_request("Recursion depth exceeded allowed limit.")

    def _predicate(self, node: Node) -> Predicate:
        if isinstance(node, ColumnRef | Literal):
            raise self._unexpected() if self._kind == "name" else not_well_formed()
        return node


def _compare(operator: str, left: Node, right: Node) -> Comparison:
    if not isinstance(left, ColumnRef | Literal) or not isinstance(right, ColumnRef | Literal):
        raise not_well_formed()
    if not _comparable(left.kind, right.kind):
        raise bad_request(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{_type_name(left)}' and '{_type_name(right)}' for operator kind '{_OPERATORS[operator]}'."
        )
    return Comparison(operator, left, right)


def _comparable(left: Kind | None, right: Kind | None) -> bool:
    return left is None or right is None or left == right or {left, right} <= _NUMBERS


def _type_name(operand: Operand) -> str:
    return operand.kind.value if operand.kind is not None else "<null>"


def _literal(kind: str, lexeme: str) -> Literal:
    if kind == "string":
        return Literal(Kind.STRING, lexeme[1:-1].replace("''", "'"))
    if kind == "datetime":
        return Literal(Kind.DATETIME, _wall_clock(lexeme))
    if _INTEGER.fullmatch(lexeme) and -(2**63) <= int(lexeme) < 2**63:
        return Literal(Kind.INTEGER, int(lexeme))
    return Literal(Kind.DECIMAL, float(lexeme))


def _wall_clock(lexeme: str) -> str:
    """`2026-11-22T09:30:00.5+01:00` -> `2026-11-22T09:30:00`."""
    clock = re.sub(r"(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$", "", lexeme)
    try:
        return datetime.fromisoformat(clock).isoformat()
    except ValueError:
        raise bad_request(f"Unrecognized 'Edm.DateTimeOffset' literal '{lexeme}'.") from None
