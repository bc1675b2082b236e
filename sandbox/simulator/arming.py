"""Which requests the armed faults hit."""

import itertools
import random
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from sandbox.simulator.faults import Fault, FaultKind

_DATETIME = re.compile(r"[?&]?\$filter=.* \d{4}-\d\d-\d\dT\d\d:")
_SCHEMA_KINDS = {FaultKind.MISSING_COLUMN, FaultKind.RENAMED_COLUMN, FaultKind.FORBIDDEN_COLUMN}


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
    failed: str | None = None


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
        """Each with its number, how many requests it has seen and hit, and why its changes failed."""
        return [
            {
                **{"id": number, **armed.fault.to_json()},
                **{"seen": armed.seen, "hits": armed.hits, "failed": armed.failed},
            }
            for number, armed in self._armed.items()
        ]

    def strike(self, target: Target, second: float) -> list[Fault]:
        """The faults that hit this request; each of them counts it."""
        if not self._armed:
            return []
        return [armed.fault for armed in self._armed.values() if _hits(armed, target, second)]

    def note_failure(self, fault: Fault, text: str) -> None:
        for armed in self._armed.values():
            if armed.fault is fault:
                armed.failed = text

    def lasting_on(self, entity: str) -> list[Fault]:
        """Faults of the tenant's schema that concern all requests, for its OpenAPI document."""
        return [
            armed.fault
            for armed in self._armed.values()
            if armed.fault.kind in _SCHEMA_KINDS and armed.fault.times is None
            if armed.fault.match in ("*", "api", "openapi", entity)
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
