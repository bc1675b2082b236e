"""`GET /api/{Entity}`: one read of Data API builder, spoiled by the faults that hit it."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote

from sandbox.simulator.answers import Answer, json_answer
from sandbox.simulator.database import Database
from sandbox.simulator.faults import Fault, FaultKind
from sandbox.simulator.nodes import ColumnRef, Comparison, Literal, Logical, Predicate, Value, columns_of
from sandbox.simulator.paging import decode_after, encode_after, next_link
from sandbox.simulator.query import Query, read_query
from sandbox.simulator.refusals import (
    CODES,
    Refusal,
    bad_request,
    entity_not_found,
    not_allowed,
    page_too_big,
)
from sandbox.simulator.settings import NextLink, Settings
from sandbox.simulator.spoiling import schema_of, spoiled_rows
from sandbox.simulator.sql import Dialect, Sql, json_object, table
from sandbox.simulator.tables import ENTITIES, Entity, Kind


class Api:
    def __init__(self, database: Database) -> None:
        self._database = database

    def answer(
        self, path: str, raw: str, host: str, settings: Settings, faults: Sequence[Fault] = ()
    ) -> Answer:
        """`path` is what follows `/api/`. Never raises for what fits in a request line of 8 KB."""
        try:
            name, *route = (unquote(part) for part in path.rstrip("/").split("/"))
            entity = ENTITIES.get(name)
            if entity is None:
                raise entity_not_found(f"Invalid Entity path: {name}.")
            entity, forbidden = schema_of(entity, faults)
            settings = _spoiled_settings(settings, faults)
            query = _shortened(read_query(raw, entity, settings, forbidden), faults)
            _refuse_datetimes(faults)
            key = _key_condition(entity, route)
            if key is not None and columns_of(key) & forbidden:
                raise not_allowed()
            statement = _statement(entity, query, key, Dialect(settings.case_insensitive))
            rows, after = self._page(entity, query, statement, settings)
        except Refusal as refusal:
            return json_answer(refusal.status, refusal.body())
        link = ""
        if after is not None:
            said = next_link(settings.next_link, host, f"/api/{path}", query.repeated, after)
            link = f',"nextLink":{json.dumps(said)}'
        return json_answer(200, f'{{"value":[{",".join(spoiled_rows(rows, faults))}]{link}}}'.encode())

    def _page(
        self, entity: Entity, query: Query, statement: Sql, settings: Settings
    ) -> tuple[list[str], str | None]:
        """The rows as JSON texts and the cursor for the next page, None at the end."""
        largest, repeating = settings.largest_page, settings.next_link is NextLink.REPEATING
        rows = self._database.read(statement)
        page = rows[: query.first]
        if largest is not None and len(page) > largest:
            raise page_too_big(largest)
        texts = [str(row[0]) for row in page]
        if repeating and query.after is not None:
            return texts, query.after
        if len(rows) <= query.first:
            return texts, None
        return texts, encode_after(entity.name, query.order, page[-1][1:])


def _statement(entity: Entity, query: Query, key: Predicate | None, dialect: Dialect) -> Sql:
    conditions: list[Sql] = [dialect.predicate(part) for part in (query.filter, key) if part is not None]
    if query.after is not None:
        conditions.append(dialect.following(query.order, decode_after(query.after, query.order)))
    cursor = ", ".join(dialect.cursor(part.column) for part in query.order)
    where = f" WHERE {' AND '.join(part.text for part in conditions)}" if conditions else ""
    text = (
        f"SELECT {json_object(query.columns)}, {cursor} FROM {table(entity)}{where} "  # noqa: S608  known names
        f"ORDER BY {dialect.order_by(query.order)} LIMIT ?"
    )
    parameters: tuple[Value, ...] = tuple(value for part in conditions for value in part.parameters)
    return Sql(text, (*parameters, query.first + 1))


def _key_condition(entity: Entity, route: list[str]) -> Predicate | None:
    """`WorkorderId/5`, or for a composite key `WorkorderId/5/Role/Owner`."""
    if not route:
        return None
    if len(route) % 2:
        raise bad_request("Support for url template with implicit primary key field names is not yet added.")
    given = dict(zip(route[::2], route[1::2], strict=True))
    if len(given) != len(entity.key):
        raise bad_request("Primary key column(s) provided do not match DB schema.")
    terms = tuple(_key_part(entity, name, value) for name, value in given.items())
    return terms[0] if len(terms) == 1 else Logical("and", terms)


def _key_part(entity: Entity, name: str, text: str) -> Comparison:
    column = entity.column(name)
    if column is None or name not in entity.key:
        raise entity_not_found(f"Primary key column: {name} not found in the entity definition.")
    if column.kind is Kind.STRING:
        return Comparison("eq", ColumnRef(column), Literal(Kind.STRING, text))
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise bad_request(f'Parameter "{text}" cannot be resolved as column "{name}" with type "Int64".')
    return Comparison("eq", ColumnRef(column), Literal(Kind.INTEGER, int(text)))


def _spoiled_settings(settings: Settings, faults: Sequence[Fault]) -> Settings:
    for fault in faults:
        if fault.kind is FaultKind.NEXT_LINK:
            settings = replace(settings, next_link=fault.next_link)
        elif fault.kind is FaultKind.PAGE_MAX and fault.page_max is not None:
            settings = replace(settings, page_max=fault.page_max)
    return settings


def _shortened(query: Query, faults: Sequence[Fault]) -> Query:
    shorter = [fault.page_max for fault in faults if fault.kind is FaultKind.SHORT_PAGE and fault.page_max]
    return replace(query, first=min(query.first, *shorter)) if shorter else query


def _refuse_datetimes(faults: Sequence[Fault]) -> None:
    for fault in faults:
        if fault.kind is FaultKind.DATETIME_FILTER:
            code = fault.code or CODES[fault.status]
            raise Refusal(fault.status, code, "The datetime in the filter could not be compared.")
