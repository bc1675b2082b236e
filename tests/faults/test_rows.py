"""Rows of `import_requests`, for a backend that wants a request to survive anything."""

import time
from collections.abc import Callable

from sandbox.simulator import known
from schemas.dealer import Dealer
from tests.faults.house import House, until
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]
_NUMBERS = (known.COMPLETE, known.BELGIAN, known.SWAPPED_DATE, known.WITHOUT_LABOR, *known.AWKWARD)


def test_a_row_is_taken_within_a_second(house: House, fault: Begin) -> None:
    row = fault(
        f"{len(_NUMBERS)} rows written one after another, Redis without a message of them",
        "each is taken within a second, and answered",
        2 * len(_NUMBERS),
    )
    dealer = house.dealer()
    slowest = 0.0
    with house.stack.start_requests():
        # The server's first login and connections are no part of the second.
        first = written(house, dealer, "WO-9000001")
        until(lambda: answered(house, first), 20, "the first answer")
        row.strikes()
        for number in _NUMBERS:
            began = time.monotonic()
            new = written(house, dealer, number)
            until(lambda new=new: taken(house, new), 1, "somebody to take it")  # type: ignore[misc]  # as it is now
            slowest = max(slowest, time.monotonic() - began)
            until(lambda new=new: answered(house, new), 20, "the answer")  # type: ignore[misc]  # as it is now
        row.over(f"{len(_NUMBERS)} of {len(_NUMBERS)} answered, the slowest taken after {slowest:.2f} s")


def written(house: House, dealer: Dealer, search: str) -> int:
    """The id of a new row, committed."""
    [new] = house.rows(
        "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:dealer, 'import', :search) "
        "RETURNING id",
        dealer=dealer.dealer_id,
        search=search,
    )
    return int(new["id"])


def taken(house: House, request: int) -> bool:
    return bool(house.rows("SELECT FROM import_requests WHERE id = :id AND state <> 'waiting'", id=request))


def answered(house: House, request: int) -> bool:
    return bool(
        house.rows(
            "SELECT FROM import_requests WHERE id = :id AND state = 'answered' AND result IS NOT NULL",
            id=request,
        )
    )
