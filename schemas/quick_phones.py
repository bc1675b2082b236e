"""Phone numbers that stand alone, written plainly, told by the numbering plan that `phonenumbers` carries.

Searching a text with `phonenumbers` costs twenty times as much, and nearly all fields hold just one number.
"""

import re
from dataclasses import dataclass
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc


@dataclass(frozen=True, slots=True)
class _Plan:
    """`shape` is how plain numbers are written; `valid` matches the digits of its group."""

    shape: re.Pattern[str]
    valid: re.Pattern[str]
    country: str


def plain_e164(text: str, region: str) -> str | None:
    """The number that the whole text is: `0612345678` or `+31612345678`, with at most one dash or space
    between digits, of a fixed line or mobile of this ISO country. None is for `phonenumbers` to judge."""
    plan = _plan(region)
    written = plan and plan.shape.fullmatch(text)
    if not plan or not written:
        return None
    digits = written[1].replace("-", "").replace(" ", "")
    return plan.country + digits if plan.valid.fullmatch(digits) else None


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
        re.compile(rf"(?:0|\+{metadata.country_code}[- ]?)([1-9](?:[- ]?[0-9]){{3,14}})"),
        # In Germany the general pattern refuses some of what the one of fixed lines allows.
        re.compile(rf"(?={_pattern(metadata.general_desc)}\Z)(?:{lines})"),
        f"+{metadata.country_code}",
    )


def _pattern(numbers: PhoneNumberDesc) -> str:
    lengths = "|".join(rf".{{{length}}}" for length in numbers.possible_length) or ".*"
    return rf"(?=(?:{lengths})\Z)(?:{numbers.national_number_pattern or '(?!)'})"
