"""What may be known, seen and in the way when somebody asks why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas.dealer import Connection, Dealer, Neighbor, Secret
from schemas.decision import Stored
from schemas.near import MatchedBy
from schemas.outcome import Reason
from schemas.reading import Accepted, Rejected
from schemas.why import AtNeighbor
from schemas.workorder import Workorder
from tests.workorders import NOON, WORKORDER
from worker.assessment import Reading
from worker.circuit import Circuit
from worker.errors import (
    CircuitOpen,
    ConfigurationError,
    ErrorCode,
    StorageUnavailable,
    Trouble,
    VinaclesUnavailable,
)
from worker.findings import Kept, Refusal
from worker.why import Known, Seen

NOWHERE = Connection(base_url="", token_url="", audience="", client_id="", client_secret=Secret(""))
DEALER = Dealer(12, "Garage Testweg", NOWHERE)
NUMBER = WORKORDER.dms_number
CHANGED = replace(WORKORDER, mileage_km=90_000)
AWAY = VinaclesUnavailable(ErrorCode.VINACLES_UNAVAILABLE, "2Drive did not answer.", "Try again.")
LEFT_ALONE = CircuitOpen(ErrorCode.VINACLES_CIRCUIT_OPEN, "Nobody asks it.", "Search again after that.")
OPEN = Circuit(3, Trouble.UNREACHABLE, NOON, NOON + timedelta(minutes=1))
REFUSAL = Refusal(NUMBER, "WO-5001", Reason.NO_LABOR_ITEM, NOON)
NEIGHBORS = Known({}, neighbors=[Neighbor(13, "Garage Proefstraat", (2, 3))])
PLATES_NEARBY = {
    MatchedBy.PLATE: [
        {"WONUMMER": "WO-4", "AffiliateId": 4},
        {"WONUMMER": "WO-3", "AffiliateId": 3},
        {"WONUMMER": "WO-1", "AffiliateId": 1},
        {"WONUMMER": " ", "AffiliateId": 1},
    ]
}
THERE = replace(NEIGHBORS, at_neighbor=AtNeighbor("Garage Proefstraat", "WO-1", 3))
REDIS_AWAY = StorageUnavailable(ErrorCode.STORAGE_UNAVAILABLE, "Redis cannot be used.", "Try again.")
REFUSED = ConfigurationError(ErrorCode.VINACLES_LOGIN_FAILED, "The login is refused.", "Correct it.")


def kept(workorder: Workorder = WORKORDER, *, started: bool = False, **fields: Any) -> Known:
    stored = Stored(workorder, b"before", NOON, NOON if started else None)
    return Known({workorder.dms_number: Kept(stored, **fields)})


def seen(workorder: Workorder = WORKORDER, digest: bytes = b"now") -> Seen:
    return Seen([Reading(Accepted(workorder), digest)])


def rejected() -> Seen:
    outcome = Rejected(NUMBER, WORKORDER.wo_number, Reason.NO_LABOR_ITEM)
    return Seen([Reading(outcome, b"now")])


def unnumbered(wo_number: str | None = WORKORDER.wo_number) -> Seen:
    """Vinacles has it, under a DMS number that cannot be read."""
    return Seen([Reading(Rejected(None, wo_number, Reason.UNREADABLE_NUMBER), b"now")])
