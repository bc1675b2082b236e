"""What a person reads about a workorder."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from schemas.dealer import Connection, Dealer, Secret
from schemas.decision import Stored
from schemas.outcome import Outcome, Reason, Warning, WorkorderResult
from schemas.workorder import Workorder, workorder_id
from tests.workorders import INTERVENTION, NOON, WORKORDER, workorders
from worker.cli.cards import Reader, card
from worker.cli.words import DUTCH, ENGLISH, LANGUAGES, Words

DEALER = Dealer(
    12,
    "Garage Noord",
    Connection("https://a.example", "https://b.example", "a", "c", Secret("canary-secret")),
)
UPDATED = WorkorderResult(
    Outcome.UPDATED,
    workorder_id(12, 5001),
    5001,
    "WO-5001",
    warnings=(Warning.POSSIBLE_DAY_MONTH_SWAP,),
    changed=("interventions.2.total_price", "mileage_km"),
)


def _text(
    result: WorkorderResult = UPDATED,
    workorder: Workorder | None = WORKORDER,
    *,
    words: Words = ENGLISH,
    dealer: Dealer = DEALER,
    contacts: bool = True,
    started_at: datetime | None = None,
) -> str:
    reader = Reader(words, dealer, date(2026, 11, 23), contacts)
    stored = Stored(workorder, b"", NOON, started_at) if workorder else None
    written = StringIO()
    Console(file=written, width=140, highlight=False).print(card(result, stored, reader))
    return written.getvalue()


def test_a_card_shows_all_that_claire_has() -> None:
    text = _text()
    for said in (
        "WO-5001 · GB-001-B · Volvo V60",
        "Tuesday 24 November 2026 at 08:30 (tomorrow)",
        "Volvo V60, GB-001-B, 80,000 km",
        "5001 (affiliate 1)",
        "Jansen",
        "+31612345678",
        "jansen@example.com",
        "Small service",
        "€ 144.90",
        "€ 120.00",
        "OX-153",
        "€ 24.90",
        "EUR excl. VAT",
        "Updated from the DMS.",
        Warning.POSSIBLE_DAY_MONTH_SWAP.en,
        "Changed: interventions.2.total_price, mileage_km",
    ):
        assert said in text
    assert "Kept as it was" not in text


def test_in_dutch() -> None:
    text = _text(words=DUTCH, dealer=replace(DEALER, prices_include_vat=True))
    for said in (
        "dinsdag 24 november 2026 om 08:30 (morgen)",
        "80.000 km",
        "€ 144,90",
        "EUR incl. btw",
        "bestuurder",
        "Bijgewerkt vanuit het DMS.",
        Warning.POSSIBLE_DAY_MONTH_SWAP.nl,
    ):
        assert said in text


def test_contacts_can_be_left_out() -> None:
    text = _text(contacts=False)
    assert "--contacts" in text
    for personal in ("Jansen", "612345678", "example.com"):
        assert personal not in text


def test_what_was_held_and_since_when() -> None:
    held = WorkorderResult(Outcome.HELD, workorder_id(12, 5001), 5001, "WO-5001", held=("mileage_km",))
    text = _text(held, started_at=datetime(2026, 11, 23, 8, tzinfo=UTC))
    assert "Work has started, so changes from the DMS were not taken over." in text
    assert "Kept as it was: mileage_km" in text
    assert "Monday 23 November 2026 at 09:00 (today)" in text


def test_a_refusal_says_why_without_a_workorder() -> None:
    refused = WorkorderResult(Outcome.REJECTED, None, 5002, "WO-5002", reason=Reason.NO_LABOR_ITEM)
    text = _text(refused, None)
    assert "WO-5002" in text
    assert Reason.NO_LABOR_ITEM.en in text
    assert Reason.NO_MATCH.nl in _text(
        WorkorderResult(Outcome.NOT_FOUND, reason=Reason.NO_MATCH), None, words=DUTCH
    )


def test_a_workorder_with_next_to_nothing() -> None:
    bare = replace(
        WORKORDER,
        mileage_km=None,
        make=None,
        model=None,
        plate=None,
        plate_display=None,
        contacts=(),
        interventions=(),
    )
    assert "€ 0.00" in _text(workorder=bare)


def test_lines_that_are_neither_labor_nor_part_are_shown() -> None:
    other = replace(INTERVENTION, total_price=Decimal("150.00"))
    assert "€ 5.10" in _text(workorder=replace(WORKORDER, interventions=(other,)))


def test_foreign_text_is_only_text() -> None:
    nasty = replace(INTERVENTION, title="[red]x[/red] [/] \x1b[2J\x07 \u202e")
    text = _text(workorder=replace(WORKORDER, interventions=(nasty,), make="[bold]"))
    assert "[red]x[/red] [/]" in text
    assert not set("\x1b\x07\u202e") & set(text)


@given(workorder=workorders(), words=st.sampled_from(list(LANGUAGES.values())))
def test_every_workorder_can_be_shown(workorder: Workorder, words: Words) -> None:
    assert _text(workorder=workorder, words=words)


@pytest.mark.parametrize(
    ("day", "english", "dutch"),
    [
        (
            20,
            "Friday 20 November 2026 at 08:30 (3 days ago)",
            "vrijdag 20 november 2026 om 08:30 (3 dagen geleden)",
        ),
        (22, "Sunday 22 November 2026 at 08:30 (yesterday)", "zondag 22 november 2026 om 08:30 (gisteren)"),
        (23, "Monday 23 November 2026 at 08:30 (today)", "maandag 23 november 2026 om 08:30 (vandaag)"),
        (
            25,
            "Wednesday 25 November 2026 at 08:30 (in 2 days)",
            "woensdag 25 november 2026 om 08:30 (over 2 dagen)",
        ),
    ],
)
def test_appointments_in_words(day: int, english: str, dutch: str) -> None:
    local, today = datetime(2026, 11, day, 8, 30), date(2026, 11, 23)
    assert ENGLISH.appointment(local, today) == english
    assert DUTCH.appointment(local, today) == dutch


@pytest.mark.parametrize(
    ("amount", "english", "dutch"),
    [
        ("0.00", "€ 0.00", "€ 0,00"),
        ("1234567.80", "€ 1,234,567.80", "€ 1.234.567,80"),
        ("-12.50", "€ -12.50", "€ -12,50"),
    ],
)
def test_money(amount: str, english: str, dutch: str) -> None:
    assert ENGLISH.money(Decimal(amount)) == english
    assert DUTCH.money(Decimal(amount)) == dutch


@pytest.mark.parametrize(
    ("value", "shown"),
    [("2.000", "2"), ("0.500", "0.5"), ("1000.000", "1,000"), ("0", "0"), ("4.25", "4.25")],
)
def test_quantities(value: str, shown: str) -> None:
    assert ENGLISH.quantity(Decimal(value)) == shown


def test_both_languages_have_all_words() -> None:
    assert ENGLISH.labels.keys() == DUTCH.labels.keys()
    assert ENGLISH.roles.keys() == DUTCH.roles.keys()
