"""The simulator's remote control from Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests

from sandbox.simulator.faults import Fault, FaultKind

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """`headers` have lower-case names and no token; `status` is None after a reset; `at` is on the
    simulator's clock, in seconds; `query` is raw and `select` the columns that it names."""

    method: str
    path: str
    query: str
    select: tuple[str, ...]
    headers: Mapping[str, str]
    status: int | None
    at: float
    duration_ms: float


class SimulatorAdmin:
    """Talks to `/_admin/` of the simulator at `base_url`. Raises `requests.HTTPError` when refused."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.rstrip('/')}/_admin"
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def health(self) -> dict[str, Any]:
        return self._call("GET", "health")

    def clock_seconds(self) -> float:
        return float(self.health()["clock_seconds"])

    def advance_clock(self, seconds: float) -> None:
        """Tokens age and schedules pass as if `seconds` had gone by."""
        self._call("POST", "clock", {"advance_seconds": seconds})

    def put_row(self, entity: str, row: Mapping[str, object]) -> None:
        """Insert a row or replace the one with its key. Decimals as `Decimal` or text."""
        self.change_rows([{"action": "put", "entity": entity, "row": row}])

    def patch_rows(self, entity: str, where: Mapping[str, object], values: Mapping[str, object]) -> int:
        """Returns how many rows equal to `where` were changed."""
        return self.change_rows([patch(entity, where, values)])[0]

    def delete_rows(self, entity: str, where: Mapping[str, object]) -> int:
        """Returns how many rows equal to `where` were deleted."""
        return self.change_rows([delete(entity, where)])[0]

    def change_rows(self, changes: Sequence[Mapping[str, object]]) -> list[int]:
        """Changes as `patch` and `delete` below make them, in one call."""
        rows: list[int] = self._call("POST", "rows", [_plain(change) for change in changes])["rows"]
        return rows

    def row_counts(self) -> dict[str, int]:
        return self._call("GET", "rows")

    def add_fault(self, kind: FaultKind | str, **fields: Any) -> int:
        """Arm a `Fault` with these `fields`. Returns its number; raises `ValueError` for what is none."""
        fault = Fault.from_json({"kind": kind, **fields})
        return int(self._call("POST", "faults", _plain(fault.to_json()))["id"])

    def answer_status(self, status: int, times: int | None = 1, match: str = "api", **fields: Any) -> int:
        """The next `times` requests to `match` are answered with `status`, all of them when None."""
        return self.add_fault(FaultKind.STATUS, status=status, times=times, match=match, **fields)

    def faults(self) -> list[dict[str, Any]]:
        """The armed faults with their `id`, how many requests they have `seen`, how many `hits` they made,
        and why their changes `failed`."""
        faults: list[dict[str, Any]] = self._call("GET", "faults")["faults"]
        return faults

    def remove_fault(self, number: int) -> None:
        self._call("DELETE", "faults", number)

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def settings(self) -> dict[str, Any]:
        return self._call("GET", "settings")

    def set(self, **changes: Any) -> dict[str, Any]:
        """Change `Settings` by name, for example `set(latency_ms=50)`."""
        return self._call("PATCH", "settings", changes)

    def journal(self) -> list[JournalEntry]:
        """The newest requests to the API and the token endpoint, oldest first."""
        entries = self._call("GET", "journal")["entries"]
        return [JournalEntry(**{**entry, "select": tuple(entry["select"])}) for entry in entries]

    def clear_journal(self) -> None:
        """Forget the requests and their counts; issued tokens stay counted."""
        self._call("DELETE", "journal")

    def request_counts(self) -> dict[str, int]:
        """Since the last `clear_journal`: `requests` in all, and by `token`, `Workorder`, `status 200`…"""
        counts: dict[str, int] = self._call("GET", "counters")["requests"]
        return counts

    def tokens_issued(self) -> int:
        return int(self._call("GET", "counters")["tokens_issued"])

    def expire_tokens(self) -> None:
        self._call("POST", "expire-tokens")

    def reset(self) -> None:
        """Everything as at the start: rows from the seed, first settings; no faults, journal or tokens."""
        self._call("POST", "reset")

    def _call(self, method: str, path: str, data: object = None) -> dict[str, Any]:
        response = self._session.request(
            method, f"{self._url}/{path}", json=data, timeout=_SECONDS, allow_redirects=False
        )
        if response.status_code == 400:
            raise requests.HTTPError(response.json()["error"], response=response)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def put(entity: str, row: Mapping[str, object]) -> dict[str, object]:
    return {"action": "put", "entity": entity, "row": row}


def patch(entity: str, where: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    return {"action": "patch", "entity": entity, "where": where, "values": values}


def delete(entity: str, where: Mapping[str, object]) -> dict[str, object]:
    return {"action": "delete", "entity": entity, "where": where}


def _plain(value: Any) -> Any:
    """JSON without floats for decimals."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
