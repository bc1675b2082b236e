"""What can come of an import: closed lists of outcomes, reasons and warnings, a sentence each (en, nl),
and the answer that the backend receives."""

from dataclasses import dataclass
from uuid import UUID

from schemas.coded import Coded


class Sentence(Coded):
    """A closed list whose members carry a sentence in English and Dutch for the person who reads it."""

    def __init__(self, _code: str, en: str, nl: str) -> None:
        self.en = en
        self.nl = nl


class Outcome(Sentence):
    CREATED = ("created", "Imported for the first time.", "Voor het eerst geïmporteerd.")
    UPDATED = ("updated", "Updated from the DMS.", "Bijgewerkt vanuit het DMS.")
    UNCHANGED = ("unchanged", "Nothing has changed in the DMS.", "Er is niets veranderd in het DMS.")
    HELD = (
        "held",
        "Work has started, so changes from the DMS were not taken over.",
        "Het werk is begonnen; wijzigingen uit het DMS zijn niet overgenomen.",
    )
    REJECTED = (
        "rejected",
        "The workorder cannot be used as it stands in the DMS.",
        "De werkorder is zoals hij in het DMS staat niet bruikbaar.",
    )
    NOT_FOUND = ("not_found", "The DMS has no such workorder.", "Het DMS kent deze werkorder niet.")


class Reason(Sentence):
    """Why a workorder was rejected or could not be found. Of several reasons the one listed first is told."""

    UNREADABLE_NUMBER = (
        "unreadable_number",
        "A number that identifies the workorder or one of its lines cannot be read.",
        "Een nummer van de werkorder of van een van de regels is onleesbaar.",
    )
    NO_WO_NUMBER = (
        "no_wo_number",
        "The workorder has no workorder number; fill it in in the DMS.",
        "De werkorder heeft geen werkordernummer; vul dat in het DMS in.",
    )
    NO_APPOINTMENT_DATE = (
        "no_appointment_date",
        "The workorder has no appointment date; fill it in in the DMS.",
        "De werkorder heeft geen afspraakdatum; vul die in het DMS in.",
    )
    UNREADABLE_APPOINTMENT_DATE = (
        "unreadable_appointment_date",
        "The appointment date cannot be read or is not a real one; correct it in the DMS.",
        "De afspraakdatum is onleesbaar of bestaat niet echt; verbeter die in het DMS.",
    )
    UNREADABLE_PRICE = (
        "unreadable_price",
        "A price on the workorder cannot be read; correct it in the DMS.",
        "Een prijs op de werkorder is onleesbaar; verbeter die in het DMS.",
    )
    NO_LABOR_ITEM = (
        "no_labor_item",
        "The workorder has no labor item; add at least one in the DMS.",
        "De werkorder heeft geen arbeidsregel; voeg er in het DMS minstens één toe.",
    )
    PRICES_TOO_LARGE = (
        "prices_too_large",
        "The prices of a job add up to more than can be kept; correct them in the DMS.",
        "De prijzen van een werkzaamheid zijn samen hoger dan bewaard kan worden; verbeter ze in het DMS.",
    )
    NO_MATCH = (
        "no_match",
        "No workorder with this number or plate; check the spelling and the affiliate.",
        "Geen werkorder met dit nummer of kenteken; controleer de schrijfwijze en het filiaal.",
    )
    NOT_SEARCHABLE = (
        "not_searchable",
        "This text cannot be a workorder number or a license plate.",
        "Deze tekst kan geen werkordernummer of kenteken zijn.",
    )
    GONE_FROM_DMS = (
        "gone_from_dms",
        "The workorder is no longer in the DMS; Claire keeps what it had.",
        "De werkorder staat niet meer in het DMS; Claire bewaart wat er was.",
    )


class Warning(Sentence):
    UNREADABLE_PHONE = (
        "unreadable_phone",
        "A phone number cannot be read; the text was kept as written.",
        "Een telefoonnummer is onleesbaar; de tekst is bewaard zoals hij er stond.",
    )
    PHONE_HAD_MORE_TEXT = (
        "phone_had_more_text",
        "A phone field held more than one number or a note; the first number was taken.",
        "Een telefoonveld bevatte meer dan één nummer of een notitie; het eerste nummer is gebruikt.",
    )
    UNREADABLE_EMAIL = (
        "unreadable_email",
        "An e-mail address cannot be used and was left out.",
        "Een e-mailadres is onbruikbaar en is weggelaten.",
    )
    EMAIL_HAD_MORE_TEXT = (
        "email_had_more_text",
        "An e-mail field held more than one address or a note; the first valid address was taken.",
        "Een e-mailveld bevatte meer dan één adres of een notitie; het eerste geldige adres is gebruikt.",
    )
    UNKNOWN_PLATE_SHAPE = (
        "unknown_plate_shape",
        "The plate is neither Dutch nor Belgian; it was kept as it stands.",
        "Het kenteken is niet Nederlands of Belgisch; het is bewaard zoals het er staat.",
    )
    UNREADABLE_PLATE = (
        "unreadable_plate",
        "The plate cannot be read and was left out.",
        "Het kenteken is onleesbaar en is weggelaten.",
    )
    UNREADABLE_MILEAGE = (
        "unreadable_mileage",
        "The mileage cannot be read and was left out.",
        "De kilometerstand is onleesbaar en is weggelaten.",
    )
    IMPLAUSIBLE_MILEAGE = (
        "implausible_mileage",
        "The mileage is 0 or 999999; it was kept.",
        "De kilometerstand is 0 of 999999; hij is bewaard.",
    )
    MILEAGE_FELL = (
        "mileage_fell",
        "The mileage is lower than before; it was kept.",
        "De kilometerstand is lager dan voorheen; hij is bewaard.",
    )
    MILEAGE_LEAPT = (
        "mileage_leapt",
        "The mileage is far higher than before; it was kept.",
        "De kilometerstand is veel hoger dan voorheen; hij is bewaard.",
    )
    POSSIBLE_DAY_MONTH_SWAP = (
        "possible_day_month_swap",
        "Day and month of the appointment may be swapped; check the date in the DMS.",
        "Dag en maand van de afspraak zijn mogelijk verwisseld; controleer de datum in het DMS.",
    )
    APPOINTMENT_IN_CLOCK_GAP = (
        "appointment_in_clock_gap",
        "The appointment falls in the hour that summer time skips; the hour after it was taken.",
        "De afspraak valt in het uur dat de zomertijd overslaat; het uur erna is gebruikt.",
    )
    APPOINTMENT_HOUR_TWICE = (
        "appointment_hour_twice",
        "The appointment falls in the hour that winter time repeats; the first of the two was taken.",
        "De afspraak valt in het uur dat de wintertijd herhaalt; het eerste van de twee is gebruikt.",
    )
    TEXT_SHORTENED = (
        "text_shortened",
        "A text was longer than Claire keeps and was shortened.",
        "Een tekst was langer dan Claire bewaart en is ingekort.",
    )
    UNREADABLE_TEXT = (
        "unreadable_text",
        "A text cannot be read and was left out.",
        "Een tekst is onleesbaar en is weggelaten.",
    )
    NO_PRICE = (
        "no_price",
        "A line has no price; it counts as 0.00.",
        "Een regel heeft geen prijs; hij telt als 0,00.",
    )
    UNREADABLE_SORT_ORDER = (
        "unreadable_sort_order",
        "The place of a line in the workorder cannot be read; the line was put last.",
        "De plaats van een regel in de werkorder is onleesbaar; de regel staat achteraan.",
    )
    MISSING_COLUMN = (
        "missing_column",
        "The DMS left out a field that was asked for; it counts as empty.",
        "Het DMS liet een gevraagd veld weg; het telt als leeg.",
    )
    UNKNOWN_LINE_TYPE = (
        "unknown_line_type",
        "A line is neither labor nor part; it counts in the total only.",
        "Een regel is geen arbeid en geen onderdeel; hij telt alleen mee in het totaal.",
    )
    UNREADABLE_CONTACT = (
        "unreadable_contact",
        "A contact does not say which workorder it belongs to and was left out.",
        "Een contact vermeldt niet bij welke werkorder het hoort en is weggelaten.",
    )
    UNKNOWN_CONTACT_ROLE = (
        "unknown_contact_role",
        "A contact is neither driver, owner nor contractor and was left out.",
        "Een contact is geen bestuurder, eigenaar of opdrachtgever en is weggelaten.",
    )
    REPEATED_ROW = (
        "repeated_row",
        "The DMS sent a line or contact twice; the last one was taken.",
        "Het DMS stuurde een regel of contact dubbel; de laatste is gebruikt.",
    )
    UNREADABLE_QUANTITY = (
        "unreadable_quantity",
        "The quantity of a part cannot be read and was left out.",
        "Het aantal van een onderdeel is onleesbaar en is weggelaten.",
    )
    NEWER_ANSWER_STORED = (
        "newer_answer_stored",
        "A newer answer of the DMS was stored meanwhile; this one was not used.",
        "Intussen is een nieuwer antwoord van het DMS opgeslagen; dit is niet gebruikt.",
    )


@dataclass(frozen=True, slots=True)
class WorkorderResult:
    """What happened to one workorder. `changed` and `held` are field paths such as
    `interventions.2.parts.8841.price`: names and DMS numbers, never values."""

    outcome: Outcome
    workorder_id: UUID | None = None
    dms_number: int | None = None
    wo_number: str | None = None
    reason: Reason | None = None
    warnings: tuple[Warning, ...] = ()
    changed: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The answer to `workorders.import` and `workorders.refresh`.

    `found` counts the workorders in this answer that Vinacles has; `truncated` says that it has more matches
    than the newest 25 imported here. There is always at least one entry in `workorders`.
    """

    request_id: str | None
    found: int
    truncated: bool
    workorders: tuple[WorkorderResult, ...]
