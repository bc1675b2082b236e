"""Rows and servers for reading by the page."""

from datetime import datetime
from typing import Any

from schemas.vinacles import Row
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners
from worker.vinacles.bulk import BulkQuery

WINDOW = BulkQuery(datetime(2026, 11, 8), datetime(2027, 1, 21, 12, 30))


def header(key: object, **columns: object) -> dict[str, Any]:
    return {"WorkorderId": key, "AffiliateId": 1, "AppointmentDate": "2026-12-01T09:00:00", **columns}


def line(key: object, line_id: object, **columns: object) -> dict[str, Any]:
    return {"LineId": line_id, "WorkorderId": key, **columns}


def contact(key: object, role: str) -> dict[str, Any]:
    return {"WorkorderId": key, "Role": role}


def rows(*found: Row, more: bool = False) -> Manners:
    return lambda exchange: exchange.rows(*found, next_link="?$after=x" if more else None)


def asked_of(server: BadServer, entity: str) -> list[dict[str, str]]:
    return [request.options for request in server.asked if request.path == f"/api/{entity}"]


def firsts(server: BadServer, entity: str = "Workorder") -> list[str | None]:
    return [options.get("$first") for options in asked_of(server, entity)]


def at_most(most: int, found: Manners, *, says: bool = True) -> Manners:
    """A server that gives at most so many rows at a time; `says` whether it knows `$first=-1`."""

    def answer(exchange: Exchange) -> None:
        first = int(exchange.request.options.get("$first", most))
        if first > most or (first < 0 and not says):
            exchange.error(400, "BadRequest")
        else:
            found(exchange)

    return answer
