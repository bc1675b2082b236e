"""What the remote control accepts, field by field, as marshmallow describes it; strict about JSON's types."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

_MOST = 2**31 - 1
#: Ten years: more is a slip of the finger, and the clock of the `Date` header ends somewhere.
SECONDS = 10 * 366 * 86_400
#: What may stand in a header or a path: printable ASCII, so that nobody can end the line in it.
PRINTABLE = validate.Regexp(r"[\x20-\x7e]*\Z", error="Only printable ASCII.")
NAME = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)


class Whole(fields.Integer):
    """Neither text nor a fraction."""

    def __init__(self, at_least: int, at_most: int = _MOST, **more: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(at_least, at_most), **more)


class Amount(fields.Float):
    """A finite number, not as text."""

    def __init__(self, at_least: float, at_most: float, *, above: bool = False, **more: Any) -> None:
        bounds = validate.Range(at_least, at_most, min_inclusive=not above)
        super().__init__(validate=bounds, **more)

    def _validated(self, value: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Flag(fields.Boolean):
    """`true` or `false`, not `1` or `"yes"`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Strict(Schema):
    """What is sent as an object of JSON, nothing in it that has no name here."""

    error_messages = {"type": "An object of JSON is needed.", "unknown": "There is no such field."}  # noqa: RUF012  marshmallow's declaration


def checked(schema: Schema, data: object) -> dict[str, Any]:
    """The fields of `data` that were given; raises `ValueError` that says of each wrong one what is wrong."""
    try:
        loaded: dict[str, Any] = schema.load(data)  # type: ignore[arg-type]  # anything may have been sent
    except ValidationError as error:
        raise ValueError("; ".join(_said(error.messages))) from None
    return loaded


def _said(messages: object, path: str = "") -> Iterator[str]:
    """`{"changes": {0: {"entity": ["Unknown."]}}}` -> `changes.0.entity: Unknown.`"""
    if isinstance(messages, Mapping):
        for name, inside in messages.items():
            yield from _said(inside, path if name == "_schema" else f"{path}.{name}".lstrip("."))
    else:
        said = " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
        yield f"{path}: {said}" if path else said
