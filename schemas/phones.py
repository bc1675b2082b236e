"""Phone numbers as people type them in a DMS, read to E.164 (ITU-T)."""

from dataclasses import dataclass

from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, format_number

from schemas.outcome import Warning
from schemas.quick_phones import has_digit, leading_number

MAX_LENGTH = 100


@dataclass(frozen=True, slots=True)
class PhoneReading:
    """`e164` is the first number found; `as_written` the text that holds none, at most 100 characters."""

    e164: str | None = None
    as_written: str | None = None
    warnings: tuple[Warning, ...] = ()


def read_phone(text: str, region: str) -> PhoneReading:
    """`region` is the ISO country that numbers without `+` belong to. `text` has no control characters.

    Numbers are searched in the text, not parsed from it: parsing `0612345678 na 17u` as a whole takes the
    digits of the note along and gives another, valid number.
    """
    if len(text) <= MAX_LENGTH:
        found = leading_number(text, region)
        if found is not None:
            return PhoneReading(found.e164, warnings=(Warning.PHONE_HAD_MORE_TEXT,) if found.more else ())
        if not has_digit(text):
            return PhoneReading(as_written=text, warnings=(Warning.UNREADABLE_PHONE,))
    return search_phone(text, region)


def search_phone(text: str, region: str) -> PhoneReading:
    """What `read_phone` gives, for any text."""
    kept = text[:MAX_LENGTH].rstrip()
    shortened = (Warning.TEXT_SHORTENED,) if len(text) > MAX_LENGTH else ()
    match = next(iter(PhoneNumberMatcher(kept, region)), None)
    if match is None:
        return PhoneReading(as_written=kept, warnings=(Warning.UNREADABLE_PHONE, *shortened))
    rest = kept[: match.start] + kept[match.end :]
    more = shortened or match.number.extension or any(map(str.isalnum, rest))
    e164 = format_number(match.number, PhoneNumberFormat.E164)
    return PhoneReading(e164=e164, warnings=(Warning.PHONE_HAD_MORE_TEXT,) if more else ())
