"""A workorder and what happened to it, for a person to read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.dealer import Dealer
from schemas.decision import Stored
from schemas.outcome import Outcome, WorkorderResult
from schemas.workorder import Contact, Intervention, Workorder
from worker.cli import screen
from worker.cli.words import Words

_ZERO = Decimal("0.00")
_STYLES = {
    Outcome.CREATED: "green",
    Outcome.UPDATED: "green",
    Outcome.UNCHANGED: "blue",
    Outcome.HELD: "yellow",
    Outcome.REJECTED: "red",
    Outcome.NOT_FOUND: "red",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a card is made. `today` is the date at the dealer; without `contacts` nobody is named."""

    words: Words
    dealer: Dealer
    today: date
    contacts: bool


def card(result: WorkorderResult, stored: Stored | None, reader: Reader) -> RenderableType:
    """What happened to one workorder and, where Claire has it, all that it has."""
    words, workorder = reader.words, stored.workorder if stored else None
    title = result.wo_number or (str(result.dms_number) if result.dms_number else "–")
    parts: list[RenderableType] = []
    if stored and workorder:
        title = " · ".join(filter(None, (workorder.wo_number, workorder.plate_display, _car(workorder))))
        parts += [_facts(workorder, stored.work_started_at, reader), *_contacts(workorder.contacts, reader)]
        parts += [_interventions(workorder, reader), Text()]
    parts += _happened(result, words)
    style = _STYLES[result.outcome]
    return Panel(
        Group(*parts),
        title=screen.plain(title, "bold"),
        title_align="left",
        border_style=style,
        subtitle=Text(result.outcome.value, style),
        subtitle_align="right",
    )


def _facts(workorder: Workorder, started_at: datetime | None, reader: Reader) -> RenderableType:
    words, label = reader.words, reader.words.labels
    mileage = None if workorder.mileage_km is None else f"{words.number(workorder.mileage_km)} km"
    car = ", ".join(filter(None, (_car(workorder), workorder.plate_display, mileage)))
    rows = [
        (label["appointment"], words.appointment(workorder.appointment_local, reader.today)),
        (label["car"], car or "–"),
        (label["numbers"], f"{workorder.dms_number} ({label['affiliate']} {workorder.affiliate_id})"),
    ]
    if started_at is not None:
        local = started_at.astimezone(ZoneInfo(reader.dealer.time_zone))
        rows.append((label["started"], words.appointment(local, reader.today)))
    return screen.pairs(rows)


def _contacts(contacts: Iterable[Contact], reader: Reader) -> list[RenderableType]:
    words, label = reader.words, reader.words.labels
    if not contacts:
        return []
    if not reader.contacts:
        return [Text(label["contacts_hidden"], "dim")]
    table = screen.table(label["contact"], label["last_name"], label["phone"], label["email"])
    for contact in contacts:
        phone = contact.phone or contact.phone_as_written
        values = (words.roles[contact.role], contact.last_name, phone, contact.email)
        table.add_row(*(screen.plain(value or "–") for value in values))
    return [table]


def _interventions(workorder: Workorder, reader: Reader) -> Table:
    words, label = reader.words, reader.words.labels
    vat = label["including" if reader.dealer.prices_include_vat else "excluding"]
    table = screen.table("#", label["intervention"], label["reference"], label["quantity"], vat)
    for column in table.columns[3:]:
        column.justify, column.no_wrap = "right", True
    for intervention in workorder.interventions:
        table.add_section()
        total = words.money(intervention.total_price)
        title = screen.plain(intervention.title or "–", "bold")
        table.add_row(str(intervention.job_number), title, "", "", Text(total, "bold"))
        for row in _lines(intervention, words):
            table.add_row("", *(screen.plain(value) for value in row))
    total = words.money(sum((job.total_price for job in workorder.interventions), start=_ZERO))
    table.add_section()
    table.add_row("", Text(label["total"], "bold"), "", "", Text(total, "bold"))
    return table


def _lines(intervention: Intervention, words: Words) -> Iterable[tuple[str, str, str, str]]:
    label = words.labels
    yield f"  {label['labor']}", "", "", words.money(intervention.labor_price)
    for part in intervention.parts:
        quantity = "" if part.quantity is None else words.quantity(part.quantity)
        yield f"  {label['part']}", part.reference_code or "–", quantity, words.money(part.price)
    other = intervention.total_price - intervention.labor_price - intervention.parts_price
    if other:
        yield f"  {label['other']}", "", "", words.money(other)


def _happened(result: WorkorderResult, words: Words) -> list[RenderableType]:
    said: list[RenderableType] = [Text(words.sentence(result.outcome), _STYLES[result.outcome])]
    if result.reason is not None:
        said.append(Text(words.sentence(result.reason)))
    said += [Text(f"! {words.sentence(warning)}", "yellow") for warning in result.warnings]
    for label, paths in (("changed", result.changed), ("held", result.held)):
        if paths:
            said.append(screen.plain(f"{words.labels[label]}: {', '.join(paths)}"))
    return said


def _car(workorder: Workorder) -> str | None:
    return " ".join(filter(None, (workorder.make, workorder.model))) or None
