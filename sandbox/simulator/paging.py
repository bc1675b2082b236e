"""Keyset paging: the opaque `$after` and the `nextLink` that carries it."""

import base64
import binascii
import json
from collections.abc import Sequence
from urllib.parse import quote

from sandbox.simulator.nodes import Value, holdable
from sandbox.simulator.refusals import Refusal, bad_request
from sandbox.simulator.settings import NextLink
from sandbox.simulator.sql import Order
from sandbox.simulator.tables import Column, Kind

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)
FOREIGN_HOST = "elsewhere.example"


def encode_after(entity: str, order: Sequence[Order], values: Sequence[object]) -> str:
    fields = [
        {
            "EntityName": entity,
            "FieldName": part.column.name,
            **({} if value is None else {"FieldValue": value}),
            "Direction": int(part.descending),
        }
        for part, value in zip(order, values, strict=True)
    ]
    return base64.b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode()


def decode_after(after: str, order: Sequence[Order]) -> tuple[Value, ...]:
    """The values that the next page follows, one for each part of `order`; raises `Refusal`."""
    try:
        # .NET skips white space in base64, so a + that arrives as a space shortens the text.
        text = base64.b64decode("".join(after.split()), validate=True).decode()
        fields = {field["FieldName"]: field for field in json.loads(text)}
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        raise bad_request(f"{after} is not a valid pagination token.") from None
    for part in order:
        field = fields.pop(part.column.name, None)
        if field is None or field.get("Direction") != int(part.descending):
            raise _mismatch(part.column.name)
    if fields:
        raise bad_request(f"{text} is not a valid pagination token.")
    values = {field["FieldName"]: field.get("FieldValue") for field in json.loads(text)}
    return tuple(_scalar(part.column, values[part.column.name], after) for part in order)


def next_link(style: NextLink, host: str, path: str, options: Sequence[tuple[str, str]], after: str) -> str:
    """Everything but `$after` is percent-encoded, as .NET does: `%24first=1&$after=W3si...`."""
    said = "".join(f"{quote(name, safe='')}={quote(value, safe='')}&" for name, value in options)
    relative = f"{path}?{said}$after={after}"
    if style is NextLink.RELATIVE:
        return relative
    if style is NextLink.FOREIGN:
        return f"https://{FOREIGN_HOST}{relative}"
    if style is NextLink.BEHIND_PROXY:
        return f"http://{host.partition(':')[0]}{relative}"
    return f"http://{host}{relative}"


def _mismatch(name: str) -> Refusal:
    return bad_request(
        f"Could not match order by column {name} with a column in the pagination token "
        "with the same name and direction."
    )


def _scalar(column: Column, value: object, after: str) -> Value:
    kind = (int, float) if column.kind in _NUMBERS else str
    if value is None or (isinstance(value, kind) and holdable(value)):
        return value
    raise bad_request(f"{after} is not a valid pagination token.")
