"""What was asked: the last requests and the counts of all."""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from sandbox.simulator.query import selected_columns

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """`status` is None where the connection was reset instead. `at` is in seconds of the simulator's clock;
    `duration_ms` runs from the request's last byte to the answer's."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    status: int | None
    at: float
    duration_ms: float

    def to_json(self) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in self.headers}
        if "authorization" in headers:
            headers["authorization"] = f"{headers['authorization'].partition(' ')[0]} ***"
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "select": list(selected_columns(self.query)),
            "headers": headers,
            "status": self.status,
            "at": self.at,
            "duration_ms": self.duration_ms,
        }


class Journal:
    """Keeps the newest 20,000 entries; the counts cover everything since the last `clear`."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=_KEPT)
        self.counts: Counter[str] = Counter()

    def add(self, entry: Entry, name: str) -> None:
        self.entries.append(entry)
        self.counts["requests"] += 1
        self.counts[name] += 1
        self.counts[f"status {entry.status or 'reset'}"] += 1

    def clear(self) -> None:
        self.entries.clear()
        self.counts.clear()
