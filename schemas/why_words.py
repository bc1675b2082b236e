"""Words that fill in the sentences of `schemas.verdicts`, in English and Dutch."""

from datetime import datetime
from enum import Enum

#: How moments are written for people, by language.
_MOMENTS = {"en": "%Y-%m-%d %H:%M", "nl": "%d-%m-%Y %H:%M"}
_SINCE = {"en": "since {}", "nl": "sinds {}"}
_NOTICED = {"en": "noticed on {}", "nl": "opgemerkt op {}"}
_JUST_NOW = {"en": "noticed just now", "nl": "zojuist opgemerkt"}
_PERHAPS_SWAPPED = {
    "en": " In the DMS, day and month may be swapped: perhaps {} is meant.",
    "nl": " In het DMS zijn dag en maand mogelijk verwisseld: misschien is {} bedoeld.",
}
_IF_SWAPPED = {
    "en": "If the date is wrong, correct it in the DMS. ",
    "nl": "Klopt de datum niet, verbeter die dan in het DMS. ",
}
_OLDER = {
    "en": " Claire still has an older version, on {} at branch {}.",
    "nl": " In Claire staat nog een oudere versie, op {} bij filiaal {}.",
}


class Once(Enum):
    """When searching and refreshing work again, where they do not work now; goes on after "search for it"."""

    RESUMED = (" once importing is resumed", " zodra het importeren is hervat")
    ANSWERS = (" once 2Drive answers again", " zodra 2Drive weer antwoord geeft")
    MENDED = (" once the error is solved", " zodra de fout is verholpen")

    def said(self, language: str) -> str:
        return self.value[language == "nl"]


def moment(at: datetime | None, language: str) -> str:
    return "?" if at is None else at.strftime(_MOMENTS[language])


def clock(at: datetime | None) -> str:
    """With seconds and without the day, for a moment that comes within minutes."""
    return "?" if at is None else f"{at:%H:%M:%S}"


def since(at: datetime | None, language: str) -> str:
    """`at` is None where it was seen just now for the first time."""
    return _JUST_NOW[language] if at is None else _SINCE[language].format(moment(at, language))


def noticed(at: datetime | None, language: str) -> str:
    """`at` as for `since`."""
    return _JUST_NOW[language] if at is None else _NOTICED[language].format(moment(at, language))


def also_since(at: datetime | None, language: str) -> str:
    """Within a sentence; nothing where it is not known."""
    return "" if at is None else f" {since(at, language)}"


def perhaps_swapped(meant: datetime | None, language: str) -> str:
    return "" if meant is None else _PERHAPS_SWAPPED[language].format(moment(meant, language))


def if_swapped(meant: datetime | None, language: str) -> str:
    return "" if meant is None else _IF_SWAPPED[language]


def older(appointment: datetime | None, affiliate_id: int | None, language: str) -> str:
    """Where Claire shows what it has of a workorder that is refused now; nothing where it has none."""
    if appointment is None:
        return ""
    return _OLDER[language].format(moment(appointment, language), branch(affiliate_id))


def branch(affiliate_id: int | None) -> str:
    return "?" if affiliate_id is None else str(affiliate_id)
