"""Data API builder's five query options, read from a raw query string."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from sandbox.simulator.grammar import parse_filter, unknown_property
from sandbox.simulator.nodes import Predicate, columns_of
from sandbox.simulator.refusals import bad_request, not_allowed
from sandbox.simulator.settings import Settings
from sandbox.simulator.sql import Order
from sandbox.simulator.tables import Column, Entity

_OPTIONS = ("$select", "$filter", "$orderby", "$first", "$after")
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Query:
    """`columns` are those asked for, or all that may be read; `after` is the cursor as it came;
    `repeated` are the options that a `nextLink` says again."""

    columns: tuple[Column, ...]
    filter: Predicate | None
    order: tuple[Order, ...]
    first: int
    after: str | None
    repeated: tuple[tuple[str, str], ...]


def selected_columns(raw: str) -> tuple[str, ...]:
    """The names in `$select`, for the journal; nothing is checked."""
    return tuple(
        name
        for part in raw.split("&")
        if unquote_plus(part.partition("=")[0]) == "$select"
        for name in unquote_plus(part.partition("=")[2]).split(",")
    )


def read_query(
    raw: str, entity: Entity, settings: Settings, forbidden: frozenset[str] = frozenset()
) -> Query:
    """Raises `Refusal` in Data API builder's words. `forbidden` columns are left out of a read without
    `$select`, and refused where `$select`, `$filter` or `$orderby` names them."""
    options = _options(raw, settings)
    text = options.get("$filter")
    if text is not None and settings.double_decode:
        # The decoded text goes into a second URL, where & and # end it.
        text = unquote_plus(re.split("[&#]", text, maxsplit=1)[0])
    predicate = None if text is None else parse_filter(text, entity)
    if predicate is not None and columns_of(predicate) & forbidden:
        raise not_allowed()
    order = _order(options.get("$orderby"), entity)
    if forbidden.intersection(part.column.name for part in order):
        raise not_allowed()
    return Query(
        columns=_select(options.get("$select"), entity, forbidden),
        filter=predicate,
        order=(*order, *_by_key(entity, order)),
        first=_first(options.get("$first"), settings),
        after=options.get("$after", "").strip() or None,
        repeated=tuple((name, value) for name, value in options.items() if name != "$after"),
    )


def _options(raw: str, settings: Settings) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in filter(None, raw.split("&")):
        name, equals, value = part.partition("=")
        name, raw_name = unquote_plus(name), name
        if not equals or not name.strip():
            raise bad_request("A query parameter without a key is not supported.")
        if name not in _OPTIONS:
            raise bad_request(f"Invalid Query Parameter: {name}")
        if name in ("$filter", "$orderby") and name != raw_name and settings.refuse_encoded_dollar:
            raise bad_request(f"Unable to extract {name} parameter from query string.")
        value = unquote_plus(value)
        options[name] = f"{options[name]},{value}" if name in options else value
    return options


def _select(text: str | None, entity: Entity, forbidden: frozenset[str]) -> tuple[Column, ...]:
    if text is None:
        return tuple(column for column in entity.columns if column.name not in forbidden)
    columns: dict[str, Column] = {}
    for name in text.split(","):
        if not name.strip():
            raise bad_request("Invalid Field name: null or white space")
        column = entity.column(name)
        if column is None:
            raise bad_request(f"Invalid field to be returned requested: {name}")
        columns[name] = column
    if forbidden & columns.keys():
        raise not_allowed()
    return tuple(columns.values())


def _order(text: str | None, entity: Entity) -> tuple[Order, ...]:
    orders: dict[str, Order] = {}
    for part in [] if text is None else text.split(","):
        found = _ORDER.fullmatch(part)
        if found is None:
            raise bad_request(f"Syntax error at position {len(part)} in '{text}'.")
        orders[found[1]] = Order(_column(found[1], entity), found[2] == "desc")
    return tuple(orders.values())


def _by_key(entity: Entity, order: tuple[Order, ...]) -> tuple[Order, ...]:
    """What is ordered by after `order`, so that no two rows are alike."""
    said = {part.column.name for part in order}
    return tuple(Order(_column(name, entity)) for name in entity.key if name not in said)


def _column(name: str, entity: Entity) -> Column:
    column = entity.column(name)
    if column is None:
        raise unknown_property(name, entity)
    return column


def _first(text: str | None, settings: Settings) -> int:
    if text is None:
        return min(settings.page_default, settings.page_max)
    first = int(text) if _WHOLE.fullmatch(text) else 0
    if first == -1:
        return settings.page_max
    if not 0 < first <= settings.page_max:
        raise bad_request(
            "Invalid number of items requested, first argument must be either -1 or a positive number within "
            f"the max page size limit of {settings.page_max}. Actual value: {text}"
        )
    return first
