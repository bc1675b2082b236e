"""The scenes. Each plays, checks what must be seen, and returns what there is to show."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.demo.desk import Desk
from sandbox.simulator import known
from schemas.workorder import workorder_id

_NEW_PRICE = "59.9500"
_LATER_PRICE = "64.5000"


class NotAsExpected(AssertionError):
    """A scene did not show what it should; the text names both."""


@dataclass(frozen=True)
class Shown:
    """`answer` is what the backend received; `card` says that the stored workorder is worth showing."""

    answer: dict[str, Any]
    card: bool = False
    note: str = ""


@dataclass(frozen=True)
class Scene:
    title: str
    play: Callable[[Desk], Shown]


def a_plate_without_dashes(desk: Desk) -> Shown:
    answer = desk.search(known.COMPLETE_PLATE.replace("-", "").lower())
    warnings = ["phone_had_more_text", "email_had_more_text"]
    entry = only(answer, outcome="created", wo_number=known.COMPLETE, warnings=warnings)
    workorder = desk.stored(entry["workorder_id"]).workorder
    expect("interventions", 3, len(workorder.interventions) if workorder else None)
    expect("contacts", 3, len(workorder.contacts) if workorder else None)
    return Shown(answer, card=True)


def the_same_again(desk: Desk) -> Shown:
    answer = desk.search(known.COMPLETE)
    only(answer, outcome="unchanged", changed=[])
    return Shown(answer)


def a_price_changes(desk: Desk) -> Shown:
    line = _last_labor_line(desk, _NEW_PRICE)
    answer = desk.refresh(_complete(desk))
    changed = [f"interventions.{line}.labor_price", f"interventions.{line}.total_price"]
    only(answer, outcome="updated", changed=changed)
    return Shown(answer, note=f"In the DMS the MOT check now costs {_NEW_PRICE[:-2]}.")


def work_starts(desk: Desk) -> Shown:
    state = desk.start_work(_complete(desk), datetime.now(UTC).isoformat())
    expect("state", "recorded", state["state"])
    line = _last_labor_line(desk, _LATER_PRICE)
    answer = desk.refresh(_complete(desk))
    held = [f"interventions.{line}.labor_price", f"interventions.{line}.total_price"]
    only(answer, outcome="held", held=held, changed=[])
    return Shown(answer, note="The mechanic has started; the DMS changes the price once more.")


def the_dealer_keeps_importing(desk: Desk) -> Shown:
    desk.keep_importing()
    answer = desk.refresh(_complete(desk))
    only(answer, outcome="updated", held=[])
    expect("price", _LATER_PRICE[:-2], str(_last_intervention(desk).total_price))
    return Shown(answer)


def no_labor(desk: Desk) -> Shown:
    answer = desk.search(known.WITHOUT_LABOR)
    only(answer, outcome="rejected", reason="no_labor_item", workorder_id=None)
    return Shown(answer)


def a_swapped_date(desk: Desk) -> Shown:
    answer = desk.search(known.SWAPPED_DATE)
    entry = only(answer, outcome="created")
    expect("warning possible_day_month_swap", True, "possible_day_month_swap" in entry["warnings"])
    return Shown(answer)


def an_unknown_number(desk: Desk) -> Shown:
    answer = desk.search("WO-404404")
    only(answer, outcome="not_found", reason="no_match")
    return Shown(answer)


def two_503(desk: Desk) -> Shown:
    desk.dms.clear_journal()
    desk.dms.answer_status(503, times=2, match="Workorder")
    answer = desk.search(known.BELGIAN_PLATE)
    only(answer, outcome="created", wo_number=known.BELGIAN)
    expect("answers 503", 2, desk.dms.request_counts().get("status 503"))
    return Shown(answer, note="Vinacles answered 503 twice before that.")


SCENES = (
    Scene("A plate typed without dashes", a_plate_without_dashes),
    Scene("The same once more, by its number", the_same_again),
    Scene("A price changes in the DMS, refresh", a_price_changes),
    Scene("Work starts, refresh", work_starts),
    Scene("The dealer keeps importing, refresh", the_dealer_keeps_importing),
    Scene("A workorder without labor", no_labor),
    Scene("Day and month swapped in the DMS", a_swapped_date),
    Scene("An unknown number", an_unknown_number),
    Scene("Vinacles answers 503 twice", two_503),
)


def only(answer: dict[str, Any], **expected: object) -> dict[str, Any]:
    """The single entry of an answer, if its fields are as expected."""
    expect("number of workorders", 1, len(answer["workorders"]))
    entry: dict[str, Any] = answer["workorders"][0]
    for name, value in expected.items():
        expect(name, value, entry[name])
    return entry


def expect(what: str, expected: object, seen: object) -> None:
    if expected != seen:
        raise NotAsExpected(f"{what}: expected {expected!r}, saw {seen!r}")


def _complete(desk: Desk) -> str:
    return str(workorder_id(desk.dealer.dealer_id, known.COMPLETE_ID))


def _last_intervention(desk: Desk) -> Any:
    workorder = desk.stored(_complete(desk)).workorder
    if workorder is None:
        raise NotAsExpected("the workorder was not read")
    return workorder.interventions[-1]


def _last_labor_line(desk: Desk, price: str) -> int:
    """Set the price of the last intervention's labor in the DMS; returns its job number."""
    job: int = _last_intervention(desk).job_number
    where = {"WorkorderId": known.COMPLETE_ID, "JobNumber": job}
    expect("rows changed in the DMS", 1, desk.dms.patch_rows("WorkorderLine", where, {"Price": price}))
    return job
