"""Answers and workorders, as a person reads them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType

from sandbox.demo.desk import Desk
from schemas.outcome import Outcome, Reason, Warning
from worker.cli.asking import as_value
from worker.cli.cards import Reader, card
from worker.cli.words import LANGUAGES


def answer_lines(answer: dict[str, Any]) -> Iterator[str]:
    """An import's answer in sentences, with rich's markup."""
    for entry in answer["workorders"]:
        number = entry["wo_number"] or "–"
        outcome = entry["outcome"]
        yield f"[bold]{outcome}[/] {number}: {Outcome(outcome).en}"
        if entry["reason"]:
            yield f"  reason   {entry['reason']}: {Reason(entry['reason']).en}"
        for warning in entry["warnings"]:
            yield f"  warning  {warning}: {Warning(warning).en}"
        for name in ("changed", "held"):
            if entry[name]:
                yield f"  {name:8} {', '.join(entry[name])}"


def card_of(desk: Desk, answer: dict[str, Any]) -> RenderableType:
    """The first workorder of an answer with all that Claire has of it."""
    result = as_value(answer).workorders[0]
    today = datetime.now(ZoneInfo(desk.dealer.time_zone)).date()
    reader = Reader(LANGUAGES["en"], desk.dealer, today, contacts=True)
    return card(result, desk.stored(str(result.workorder_id)), reader)
