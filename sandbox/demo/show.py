"""Answers and workorders, as a person reads them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType

from sandbox.demo.desk import Desk
from worker.cli.asking import as_value
from worker.cli.cards import Reader, card
from worker.cli.words import LANGUAGES


def answer_lines(answer: dict[str, Any]) -> Iterator[str]:
    """An import's answer in sentences, with rich's markup."""
    for result in as_value(answer).workorders:
        yield f"[bold]{result.outcome.value}[/] {result.wo_number or '–'}: {result.outcome.en}"
        if result.reason:
            yield f"  reason   {result.reason.value}: {result.reason.en}"
        for warning in result.warnings:
            yield f"  warning  {warning.value}: {warning.en}"
        for name, fields in (("changed", result.changed), ("held", result.held)):
            if fields:
                yield f"  {name:8} {', '.join(fields)}"


def card_of(desk: Desk, answer: dict[str, Any]) -> RenderableType:
    """The first workorder of an answer with all that Claire has of it."""
    result = as_value(answer).workorders[0]
    today = datetime.now(ZoneInfo(desk.dealer.time_zone)).date()
    reader = Reader(LANGUAGES["en"], desk.dealer, today, contacts=True)
    return card(result, desk.stored(str(result.workorder_id)), reader)
