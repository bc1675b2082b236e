"""Rows of `import_requests`, as the backend writes and a worker works them off."""

from typing import Any

from sqlalchemy import text

from worker.errors import ErrorCode
from worker.store import requests as rows
from worker.store.requests import DroppedRequest, TakenRequest, Told
from worker.store.session import Database

RESULT: dict[str, Any] = {"request_id": None, "found": 0, "truncated": False, "workorders": []}
TOLD = Told(ErrorCode.VINACLES_UNAVAILABLE, "It is down.", "Try again.")


class Ledger:
    def __init__(self, database: Database) -> None:
        self.database = database

    def ask(self, search: str | None = "12bdf3", **columns: object) -> int:
        given = {"dealer_id": 7, "kind": "import", "search": search, **columns}
        names = ", ".join(given)
        query = (
            f"INSERT INTO import_requests ({names}) VALUES ({', '.join(f':{n}' for n in given)}) RETURNING id"
        )
        with self.database.transaction() as connection:
            return int(connection.execute(text(query), given).scalar_one())

    def take(self, owner: str = "one", limit: int = 10, *, suspects: bool = False) -> list[TakenRequest]:
        with self.database.transaction() as connection:
            return rows.take(connection, owner, limit, 60, suspects=suspects)

    def row(self, request_id: int) -> Any:
        query = text("SELECT * FROM import_requests WHERE id = :id")
        with self.database.transaction() as connection:
            return connection.execute(query, {"id": request_id}).one()

    def age(self, request_id: int, /, **columns: str) -> None:
        """Set columns to SQL expressions, as if time had passed."""
        changes = ", ".join(f"{name} = {value}" for name, value in columns.items())
        with self.database.transaction() as connection:
            connection.execute(text(f"UPDATE import_requests SET {changes} WHERE id = {request_id}"))

    def set_clock_back(self, by: str) -> None:
        """As if every moment had been written that much later than it is now."""
        moments = ("asked_at", "try_at")
        changes = ", ".join(f"{name} = {name} + interval '{by}'" for name in moments)
        with self.database.transaction() as connection:
            connection.execute(text(f"UPDATE import_requests SET {changes}"))

    def let_lease_run_out(self, request_id: int) -> None:
        self.age(request_id, try_at="now()")

    def drop_late(self) -> list[DroppedRequest]:
        with self.database.transaction() as connection:
            return rows.drop_late(connection, Told(ErrorCode.REQUEST_EXPIRED, "Too late.", "Ask again."))
