"""What fields are called by the people who read about them, in English and Dutch."""

from collections.abc import Iterable

from schemas.workorder import Role

ROLES = {
    "en": {Role.DRIVER: "driver", Role.OWNER: "owner", Role.CONTRACTOR: "contractor"},
    "nl": {Role.DRIVER: "bestuurder", Role.OWNER: "eigenaar", Role.CONTRACTOR: "opdrachtgever"},
}
#: By the last name of a path; what looks the same to people has the same words.
FIELDS = {
    "wo_number": ("workorder number", "werkordernummer"),
    "affiliate_id": ("branch", "filiaal"),
    "appointment_local": ("appointment", "afspraak"),
    "appointment_at": ("appointment", "afspraak"),
    "mileage_km": ("mileage", "kilometerstand"),
    "make": ("make", "merk"),
    "model": ("model", "model"),
    "plate": ("plate", "kenteken"),
    "plate_display": ("plate", "kenteken"),
    "position": ("order", "volgorde"),
    "title": ("description", "omschrijving"),
    "labor_price": ("price", "prijs"),
    "parts_price": ("price", "prijs"),
    "total_price": ("price", "prijs"),
    "parts": ("parts", "onderdelen"),
    "last_name": ("last name", "achternaam"),
    "phone": ("telephone", "telefoon"),
    "phone_as_written": ("telephone", "telefoon"),
    "email": ("e-mail", "e-mail"),
}
_JOB = {"en": "job", "nl": "werkzaamheid"}
_MORE = {"en": "and {} more", "nl": "en nog {}"}
#: More than this nobody reads; the page of the workorder shows them all.
_MOST = 6


def in_words(paths: Iterable[str], language: str) -> str:
    """`mileage_km` and `interventions.2.parts.8841.price` as "mileage, job 2 (parts)"; empty for none."""
    said = list(dict.fromkeys(_said(path.split("."), language) for path in paths))
    more = len(said) - _MOST
    return ", ".join([*said[:_MOST], *([_MORE[language].format(more)] if more > 0 else [])])


def _said(path: list[str], language: str) -> str:
    match path:
        case ["interventions", number, *field]:
            return _of(f"{_JOB[language]} {number}", field[:1], language)
        case ["contacts", role, *field]:
            return _of(ROLES[language][Role(role)], field, language)
        case _:
            return _word(path[-1], language)


def _of(whose: str, field: list[str], language: str) -> str:
    return f"{whose} ({_word(field[0], language)})" if field else whose


def _word(field: str, language: str) -> str:
    return FIELDS[field][language == "nl"]
