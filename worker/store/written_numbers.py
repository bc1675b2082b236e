"""A telephone number as people write it, as a regular expression of PostgreSQL (its manual, 9.7.3)."""

from phonenumbers import (
    PhoneNumber,
    national_significant_number,
    ndd_prefix_for_region,
    parse,
    region_code_for_number,
)

#: Letters and digits of any European script. With the locale C, PostgreSQL's own class knows only ASCII.
WORD = r"[:alnum:]\u00aa\u00b5\u00ba\u00c0-\u1fff\u2c00-\ud7ff"
#: What sets digits apart: `06-12 34 56 78`, `(020) 123.45.67`, `0800 - 1234`.
_APART = rf"[^{WORD}]{{0,3}}"


def as_people_write_it(e164: str) -> str:
    """With country code (`+31 (0)6…`, `0031 6…`), with the prefix of its country (`06…`), or without both;
    never the end, the beginning or the middle of a longer number."""
    number = parse(e164)
    code = _spaced(str(number.country_code))
    national = _spaced(national_significant_number(number))
    trunk = _trunk(number)
    within = rf"(\({_APART}{trunk}{_APART}\){_APART})?" if trunk else ""
    abroad = rf"(\+|(?<![0-9])00{_APART}|(?<![0-9]{_APART})){code}{_APART}{within}"
    at_home = rf"(?<![0-9]){trunk}{_APART}" if trunk else None
    bare = rf"(?<![{WORD}]|[0-9]{_APART})"
    before = "|".join(filter(None, (abroad, at_home, bare)))
    return rf"({before}){national}(?![0-9]|[-.][0-9])"


def _trunk(number: PhoneNumber) -> str:
    """What is dialed before a number within its country: `0` in most, nothing in some."""
    region = region_code_for_number(number)
    prefix = ndd_prefix_for_region(region, True) if region else None
    return _spaced(prefix or "")


def _spaced(digits: str) -> str:
    return _APART.join(digits)
