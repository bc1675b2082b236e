"""Phone numbers written plainly, told by the numbering plans that `phonenumbers` carries.

Searching a text with `phonenumbers` costs twenty times as much, and nearly all fields hold one number,
perhaps with a note or a second number behind it.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

# National digits with at most one dash or space between them.
_NUMBER = "([1-9](?:[- ]?[0-9]){3,14})"
# A word, unless it could announce an extension (ext, xt, x, int, anexo); or a second number, with which the
# two have too many digits to be one.
_MORE = r"( +\(?[b-df-hj-wyzB-DF-HJ-WYZ].*| */ *0[1-9](?:[- ]?[0-9]){7,14})?"
_AT_HOME = re.compile(f"0{_NUMBER}{_MORE}")
_AFTER_COUNTRY_CODE = re.compile(rf"[- ]?(?:\(0\)[- ]?)?{_NUMBER}{_MORE}")
_DIGIT = re.compile(r"\d")


class LeadingNumber(NamedTuple):
    """The number in E.164, and whether the text holds more."""

    e164: str
    more: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """`valid` matches the digits behind the country code of fixed lines and mobiles."""

    valid: re.Pattern[str]
    country_code: str


def has_digit(text: str) -> bool:
    """Without any, there is no number to be found."""
    return _DIGIT.search(text) is not None


def leading_number(text: str, region: str) -> LeadingNumber | None:
    """The number that the text begins with, of a fixed line or mobile: `0612345678` of this ISO country, or
    `+31 6 12345678`, `0031612345678`, `+31 (0)6-12345678` of any. None is for `phonenumbers` to judge."""
    home = _plan(region)
    if home is None:
        return None
    plan: _Plan | None = home
    written = _AT_HOME.fullmatch(text)
    if written is None:
        digits_from = 1 if text.startswith("+") else 2 if text.startswith("00") else 0
        plan, length = _of_country_code(text[digits_from : digits_from + 3]) if digits_from else (None, 0)
        written = _AFTER_COUNTRY_CODE.fullmatch(text, digits_from + length)
    if written is None or plan is None:
        return None
    digits = written[1].replace("-", "").replace(" ", "")
    if not plan.valid.fullmatch(digits):
        return None
    return LeadingNumber(f"+{plan.country_code}{digits}", written[2] is not None)


@lru_cache(maxsize=1024)
def _of_country_code(start: str) -> tuple[_Plan | None, int]:
    """The plan of the country whose code these characters begin with, and how long the code is. No code
    begins with another."""
    for length in range(1, len(start) + 1):
        code = start[:length]
        if not (code.isascii() and code.isdecimal()):
            break
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code[0] != "0" else None
        if regions:
            return _plan(regions[0]), length
    return None, 0


@cache
def _plan(region: str) -> _Plan | None:
    """None where numbers may begin with anything but a plain 0, or where a country shares its code."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if (
        metadata is None
        or metadata.country_code is None
        or metadata.general_desc is None
        or metadata.national_prefix_for_parsing != "0"
        or metadata.international_prefix != "00"
        or len(COUNTRY_CODE_TO_REGION_CODE[metadata.country_code]) != 1
    ):
        return None
    lines = "|".join(map(_pattern, filter(None, (metadata.fixed_line, metadata.mobile))))
    return _Plan(
        # In Germany the general pattern refuses some of what the one of fixed lines allows.
        re.compile(rf"(?={_pattern(metadata.general_desc)}\Z)(?:{lines})"),
        str(metadata.country_code),
    )


def _pattern(numbers: PhoneNumberDesc) -> str:
    lengths = "|".join(rf".{{{length}}}" for length in numbers.possible_length) or ".*"
    return rf"(?=(?:{lengths})\Z)(?:{numbers.national_number_pattern or '(?!)'})"
