"""The cards' own words in English and Dutch; sentences about outcomes are in `schemas.outcome`."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from schemas.field_words import ROLES
from schemas.outcome import Sentence
from schemas.workorder import Role


@dataclass(frozen=True, slots=True)
class Words:
    """`days` begin with Monday, `soon` are the words for yesterday, today and tomorrow."""

    language: str
    days: tuple[str, ...]
    months: tuple[str, ...]
    soon: tuple[str, str, str]
    moment: str
    days_ahead: str
    days_ago: str
    thousands_and_point: str
    roles: dict[Role, str]
    labels: dict[str, str]

    def sentence(self, member: Sentence) -> str:
        return member.nl if self.language == "nl" else member.en

    def appointment(self, local: datetime, today: date) -> str:
        """`Tuesday 24 November 2026 at 08:30 (tomorrow)`."""
        day = self.days[local.weekday()]
        said = self.moment.format(day=day, date=local.day, month=self.months[local.month - 1], local=local)
        away = (local.date() - today).days
        if -1 <= away <= 1:
            return f"{said} ({self.soon[away + 1]})"
        return f"{said} ({(self.days_ahead if away > 0 else self.days_ago).format(abs(away))})"

    def number(self, value: Decimal | int) -> str:
        """With separators of thousands, and as many decimals as `value` has."""
        return f"{value:,}".translate(str.maketrans(",.", self.thousands_and_point))

    def money(self, amount: Decimal) -> str:
        """`€ 1,234.56`, in Dutch `€ 1.234,56`."""
        return f"€ {self.number(amount)}"

    def quantity(self, value: Decimal) -> str:
        """Without zeros that say nothing: 2, 0.5."""
        whole = value.to_integral_value()
        return self.number(whole if value == whole else value.normalize())


ENGLISH = Words(
    language="en",
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    soon=("yesterday", "today", "tomorrow"),
    moment="{day} {date} {month} {local:%Y} at {local:%H:%M}",
    days_ahead="in {} days",
    days_ago="{} days ago",
    thousands_and_point=",.",
    roles=ROLES["en"],
    labels={
        "appointment": "Appointment",
        "car": "Car",
        "numbers": "DMS number",
        "affiliate": "affiliate",
        "started": "Work started",
        "contact": "contact",
        "last_name": "last name",
        "phone": "telephone",
        "email": "e-mail",
        "intervention": "intervention",
        "reference": "reference",
        "quantity": "quantity",
        "excluding": "EUR excl. VAT",
        "including": "EUR incl. VAT",
        "labor": "labor",
        "part": "part",
        "other": "other",
        "total": "total",
        "changed": "Changed",
        "held": "Kept as it was",
        "truncated": "The DMS has more matches; these are the newest.",
        "contacts_hidden": "(contacts are not shown here; --contacts shows them)",
    },
)
DUTCH = Words(
    language="nl",
    days=("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    months=(
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    soon=("gisteren", "vandaag", "morgen"),
    moment="{day} {date} {month} {local:%Y} om {local:%H:%M}",
    days_ahead="over {} dagen",
    days_ago="{} dagen geleden",
    thousands_and_point=".,",
    roles=ROLES["nl"],
    labels={
        "appointment": "Afspraak",
        "car": "Auto",
        "numbers": "DMS-nummer",
        "affiliate": "filiaal",
        "started": "Werk begonnen",
        "contact": "contact",
        "last_name": "achternaam",
        "phone": "telefoon",
        "email": "e-mail",
        "intervention": "werkzaamheid",
        "reference": "referentie",
        "quantity": "aantal",
        "excluding": "EUR excl. btw",
        "including": "EUR incl. btw",
        "labor": "arbeid",
        "part": "onderdeel",
        "other": "overig",
        "total": "totaal",
        "changed": "Gewijzigd",
        "held": "Gelaten zoals het was",
        "truncated": "Het DMS heeft meer treffers; dit zijn de nieuwste.",
        "contacts_hidden": "(contacten worden hier niet getoond; --contacts toont ze)",
    },
)
LANGUAGES = {"en": ENGLISH, "nl": DUTCH}
