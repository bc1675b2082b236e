"""Faults on command: what goes wrong, for which requests, how often and when."""

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus


class FaultKind(StrEnum):
    """The fields of `Fault` that a kind reads stand behind it."""

    STATUS = "status"
    """Answer `status` with a `body` of the given style; `code`, `retry_after`, `location`."""
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
    """`changes` are made right after the answer is made, so between two pages."""
    REPEAT_ROW = "repeat_row"
    """The last row of the page comes twice."""
    DATETIME_FILTER = "datetime_filter"
    """A filter that compares a datetime is answered with `status` (400 or 500); others do not count."""


class Body(StrEnum):
    JSON = "json"
    TEXT = "text"
    HTML = "html"
    EMPTY = "empty"


_DATETIME = re.compile(r"[?&]?\$filter=.* \d{4}-\d\d-\d\dT\d\d:")
_SCHEMA_KINDS = {FaultKind.MISSING_COLUMN, FaultKind.RENAMED_COLUMN, FaultKind.FORBIDDEN_COLUMN}


@dataclass(frozen=True, slots=True)
class Fault:
    """`match` is `*`, `api`, `token`, `root`, `openapi`, an entity's name, or a path that starts with `/`.

    Of the matching requests the first `after` pass, then `times` are hit (all when None), each with
    probability `rate`. `from_second` and `until_second` are on the simulator's clock. `paging` limits the
    fault to requests with `$after`. `retry_after` is the header's text: seconds or an HTTP date.
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
    body: Body = Body.JSON
    code: str = "UnexpectedError"
    retry_after: str | None = None
    location: str | None = None
    seconds: float = 0
    content_type: str = "text/html"
    next_link: str = "absolute"
    page_max: int = 0
    column: str = ""
    value: str = ""
    changes: tuple[Mapping[str, Any], ...] = ()

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Fault":
        """Raises `ValueError` for an unknown field or kind."""
        unknown = data.keys() - {part.name for part in fields(Fault)}
        if unknown or "kind" not in data:
            raise ValueError(f"Not a fault: unknown {sorted(unknown)}, kind {data.get('kind')!r}")
        known = dict(data)
        known["kind"] = FaultKind(known["kind"])
        if "body" in known:
            known["body"] = Body(known["body"])
        if "changes" in known:
            known["changes"] = tuple(known["changes"])
        return Fault(**known)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault's `match` is held against."""

    path: str
    name: str
    is_api: bool
    query: str = ""

    def matched_by(self, fault: Fault) -> bool:
        if fault.paging and "$after=" not in unquote_plus(self.query):
            return False
        if fault.kind is FaultKind.DATETIME_FILTER and not _DATETIME.search(unquote_plus(self.query)):
            return False
        if fault.match in ("*", self.name) or (fault.match == "api" and self.is_api):
            return True
        return fault.match.startswith("/") and self.path.startswith(fault.match)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    chance: random.Random
    seen: int = 0
    hits: int = 0


@dataclass(slots=True)
class Faults:
    """The armed faults. `seed` makes the ones with a `rate` repeatable."""

    seed: int
    _armed: dict[int, _Armed] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, fault: Fault) -> int:
        number: int = next(self._numbers)
        self._armed[number] = _Armed(fault, random.Random(self.seed * 1_000_003 + number))
        return number

    def remove(self, number: int) -> bool:
        return self._armed.pop(number, None) is not None

    def clear(self) -> None:
        self._armed.clear()
        self._numbers = itertools.count(1)

    def listed(self) -> list[dict[str, Any]]:
        return [
            {"id": number, **armed.fault.to_json(), "seen": armed.seen, "hits": armed.hits}
            for number, armed in self._armed.items()
        ]

    def strike(self, target: Target, second: float) -> list[Fault]:
        """The faults that hit this request; each of them counts it."""
        if not self._armed:
            return []
        return [armed.fault for armed in self._armed.values() if _hits(armed, target, second)]

    def lasting_on(self, entity: str) -> list[Fault]:
        """Faults of the tenant's schema that concern all requests, for its OpenAPI document."""
        return [
            armed.fault
            for armed in self._armed.values()
            if armed.fault.kind in _SCHEMA_KINDS and armed.fault.times is None
            if armed.fault.match in ("*", "api", entity)
        ]


def _hits(armed: _Armed, target: Target, second: float) -> bool:
    fault = armed.fault
    if not target.matched_by(fault) or second < fault.from_second:
        return False
    if fault.until_second is not None and second >= fault.until_second:
        return False
    armed.seen += 1
    if armed.seen <= fault.after or (fault.times is not None and armed.hits >= fault.times):
        return False
    if fault.rate < 1 and armed.chance.random() >= fault.rate:
        return False
    armed.hits += 1
    return True
