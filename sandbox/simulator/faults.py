"""Faults on command: what goes wrong, for which requests, how often and when."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from sandbox.simulator.changes import Change
from sandbox.simulator.checks import NAME, PRINTABLE, SECONDS, Amount, Flag, Strict, Whole, checked
from sandbox.simulator.settings import NextLink
from sandbox.simulator.tables import ENTITIES


class FaultKind(StrEnum):
    """The fields of `Fault` that a kind reads stand behind it."""

    STATUS = "status"
    """Answer `status` with a `body` of the given style; `code`, `retry_after`, `location`. The default is
    what comes with that status: JSON of Data API builder or of the token endpoint, or a proxy's page."""
    SLOW = "slow"
    """`seconds` pass before the first byte; the answer itself was made before them."""
    DRIP = "drip"
    """The body comes in small pieces over `seconds`."""
    CUT = "cut"
    """The full Content-Length is announced, half of the body is sent, then the connection closes."""
    RESET = "reset"
    """The connection is reset (TCP RST) without an answer."""
    UNPARSABLE = "unparsable"
    """200 and JSON by its content type, but the text breaks off."""
    WRONG_TYPE = "wrong_type"
    """The right body under `content_type`."""
    GZIP = "gzip"
    """Compressed even when the client did not ask for it."""
    EXPIRE_TOKENS = "expire_tokens"
    """All tokens issued so far expire before the request is looked at."""
    NEXT_LINK = "next_link"
    """`next_link` as in the setting of that name."""
    PAGE_MAX = "page_max"
    """`page_max` instead of the setting of that name."""
    SHORT_PAGE = "short_page"
    """A page ends after `page_max` rows, whatever was asked for, and its `nextLink` leads on from there."""
    MISSING_COLUMN = "missing_column"
    """The entity has no `column`."""
    RENAMED_COLUMN = "renamed_column"
    """`column` is called `value`."""
    FORBIDDEN_COLUMN = "forbidden_column"
    """Our role may not read `column`."""
    OMITTED_COLUMN = "omitted_column"
    """`column` is selected without complaint, but absent from the rows."""
    LINE_TYPE = "line_type"
    """Lines of type `column` (any but labor when empty) are of type `value`."""
    CHANGE_ROWS = "change_rows"
    """`changes` are made right after the answer is made, so between two pages: all of them or, where one of
    them cannot be made, none."""
    REPEAT_ROW = "repeat_row"
    """The last row of the page comes twice."""
    DATETIME_FILTER = "datetime_filter"
    """A filter that compares a datetime is answered with `status` (400 or 500); others do not count."""


class Body(StrEnum):
    JSON = "json"
    TEXT = "text"
    HTML = "html"
    EMPTY = "empty"


#: What a fault of this kind cannot do without.
_NEEDED: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.SLOW: ("seconds",),
    FaultKind.DRIP: ("seconds",),
    FaultKind.PAGE_MAX: ("page_max",),
    FaultKind.SHORT_PAGE: ("page_max",),
    FaultKind.MISSING_COLUMN: ("column",),
    FaultKind.RENAMED_COLUMN: ("column", "value"),
    FaultKind.FORBIDDEN_COLUMN: ("column",),
    FaultKind.OMITTED_COLUMN: ("column",),
    FaultKind.LINE_TYPE: ("value",),
    FaultKind.CHANGE_ROWS: ("changes",),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`match` is `*`, `api`, `token`, `root`, `openapi`, an entity's name, or a path that starts with `/`.

    Of the matching requests the first `after` pass, then `times` are hit (all when None), each with
    probability `rate`. `from_second` and `until_second` are on the simulator's clock. `paging` limits the
    fault to requests with `$after`. `retry_after` is the header's text: seconds or an HTTP date. `body` and
    `code` follow the status and what was asked where they are None.
    """

    kind: FaultKind
    match: str = "api"
    times: int | None = 1
    after: int = 0
    rate: float = 1.0
    from_second: float = 0
    until_second: float | None = None
    paging: bool = False
    status: int = 503
    body: Body | None = None
    code: str | None = None
    retry_after: str | None = None
    location: str | None = None
    seconds: float = 0
    content_type: str = "text/html"
    next_link: NextLink = NextLink.ABSOLUTE
    page_max: int | None = None
    column: str = ""
    value: str = ""
    changes: tuple[Mapping[str, Any], ...] = ()

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Fault":
        """Raises `ValueError` that says what is unknown, missing, of another type or beyond its bounds."""
        known = checked(_FaultSchema(), data)
        return Fault(**{**known, "changes": tuple(known.get("changes", ()))})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class _Match(fields.String):
    """What `Fault.match` may be."""

    _WORDS = ("*", "api", "token", "root", "openapi", *ENTITIES)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> str:
        match = super()._deserialize(value, *rest, **more)
        if match not in self._WORDS and not match.startswith("/"):
            raise ValidationError(f"Must be one of {', '.join(self._WORDS)}, or a path that starts with /.")
        return match


class _ChangeField(fields.Field[Mapping[str, Any]]):
    """A change of rows that can be made as far as can be said without the rows."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Mapping[str, Any]:
        try:
            Change.from_json(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        change: Mapping[str, Any] = value
        return change


class _FaultSchema(Strict):
    kind = fields.Enum(FaultKind, by_value=True, required=True)
    match = _Match()
    times = Whole(1, allow_none=True)
    after = Whole(0)
    rate = Amount(0, 1, above=True)
    from_second = Amount(0, SECONDS)
    until_second = Amount(0, SECONDS, allow_none=True)
    paging = Flag()
    status = Whole(200, 599)
    body = fields.Enum(Body, by_value=True, allow_none=True)
    code = fields.String(allow_none=True, validate=validate.Length(max=200))
    retry_after = fields.String(allow_none=True, validate=PRINTABLE)
    location = fields.String(allow_none=True, validate=PRINTABLE)
    seconds = Amount(0, 86_400)
    content_type = fields.String(validate=PRINTABLE)
    next_link = fields.Enum(NextLink, by_value=True)
    page_max = Whole(1, allow_none=True)
    column = fields.String(validate=validate.Length(max=200))
    value = fields.String(validate=validate.Length(max=200))
    changes = fields.List(_ChangeField())

    @validates_schema
    def _kind_has_what_it_needs(self, data: dict[str, Any], **_: Any) -> None:
        kind: FaultKind = data["kind"]
        for name in _NEEDED.get(kind, ()):
            if not data.get(name):
                raise ValidationError(f"A fault of kind {kind} needs it.", name)
        if kind is FaultKind.DATETIME_FILTER and data.get("status") not in (400, 500):
            raise ValidationError(f"A fault of kind {kind} answers 400 or 500.", "status")
        if "column" in _NEEDED.get(kind, ()):
            _check_column(kind, data["column"], data.get("value", ""))


def _check_column(kind: FaultKind, column: str, value: str) -> None:
    having = [entity for entity in ENTITIES.values() if entity.column(column) is not None]
    if not having:
        raise ValidationError("No entity has such a column.", "column")
    if kind is FaultKind.RENAMED_COLUMN:
        if not NAME.fullmatch(value):
            raise ValidationError("Not a name that a column can have.", "value")
        if any(entity.column(value) is not None for entity in having):
            raise ValidationError("There is such a column already.", "value")
