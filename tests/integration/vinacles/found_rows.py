"""Rows that a search finds, and what was asked for them."""

import re
import threading
from dataclasses import dataclass
from typing import Any

from schemas.search import SearchTerms, parse_search
from schemas.vinacles import Row
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners

SELECTED = {
    "Workorder": "WorkorderId,WONUMMER,AffiliateId,AppointmentDate,Mileage,Make,Model,LicensePlate",
    "WorkorderLine": "LineId,WorkorderId,JobNumber,SortOrder,LineType,Description,PartNumber,Quantity,Price",
    "WorkorderContact": "WorkorderId,Role,LastName,PhoneBusiness,EmailBusiness",
}


def terms_of(typed: str) -> SearchTerms:
    terms = parse_search(typed)
    assert isinstance(terms, SearchTerms)
    return terms


def header(key: object, wo_number: str = "W1", **columns: object) -> dict[str, Any]:
    return {"WorkorderId": key, "WONUMMER": wo_number, "AffiliateId": 1, "LicensePlate": None, **columns}


def line(key: object, line_id: int) -> dict[str, Any]:
    return {"LineId": line_id, "WorkorderId": key}


def contact(key: object, role: str) -> dict[str, Any]:
    return {"WorkorderId": key, "Role": role}


def rows(*found: Row) -> Manners:
    return lambda exchange: exchange.rows(*found)


def asked_of(server: BadServer, entity: str) -> list[dict[str, str]]:
    return [request.options for request in server.asked if request.path == f"/api/{entity}"]


def ids_in(options: dict[str, str]) -> list[int]:
    return [int(number) for number in re.findall(r"eq (\d+)", options["$filter"])]


@dataclass
class Together:
    """Answers only when as many requests as expected have arrived: in a sequence they never would."""

    parties: int
    then: Manners

    def __post_init__(self) -> None:
        self.barrier = threading.Barrier(self.parties)

    def __call__(self, exchange: Exchange) -> None:
        try:
            self.barrier.wait(5)
        except threading.BrokenBarrierError:
            exchange.error(400)
        else:
            self.then(exchange)
