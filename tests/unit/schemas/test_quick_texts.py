"""The shortcuts for texts give what the long way gives, and the usual texts really take them."""

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS

from schemas.emails import judged, read_email
from schemas.phones import PhoneReading, search_phone
from schemas.quick_phones import plain_e164
from schemas.texts import has_control_character, has_lone_surrogate

regions = st.sampled_from(["NL", "BE", "DE", "FR", "LU", "GB", "XX"]) | st.sampled_from(
    sorted(SUPPORTED_REGIONS)
)
written_digits = st.lists(
    st.tuples(st.sampled_from(["", "", "", "", "-", " "]), st.sampled_from("0123456789")),
    min_size=3,
    max_size=16,
).map(lambda parts: "".join(map("".join, parts)))
starts = st.sampled_from(["0", "06", "04", "020", "+31", "+31 6", "+31-6", "+32 4", "+49", "00", "0031", ""])


@given(st.builds(str.__add__, starts, written_digits), regions)
@example("06-12345678", "NL")
@example("+32 470 12 34 56", "BE")
@example("0612345678 ", "NL")
@example("04 9790277", "DE")
def test_a_plain_phone_number_is_the_one_that_a_search_finds(text: str, region: str) -> None:
    e164 = plain_e164(text, region)
    assert e164 is None or PhoneReading(e164) == search_phone(text, region)


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("0612345678", "NL", "+31612345678"),
        ("06-12345678", "NL", "+31612345678"),
        ("020 555 12 34", "NL", "+31205551234"),
        ("+31 6 12345678", "NL", "+31612345678"),
        ("0470 12 34 56", "BE", "+32470123456"),
        ("0012345678", "NL", None),
        ("0012345678", "XX", None),
        ("0912345678", "NL", None),
        ("06-12345678 na 17u", "NL", None),
        # No 0 to begin with, another way to dial abroad, a code shared with other countries.
        ("0628123456", "LU", None),
        ("0812345678", "TH", None),
        ("0650123456", "MA", None),
    ],
)
def test_the_usual_spellings_are_plain(text: str, region: str, e164: str | None) -> None:
    assert plain_e164(text, region) == e164


local_parts = st.text(alphabet="ab9._+-<", max_size=5) | st.integers(60, 70).map(lambda length: "a" * length)
domains = st.text(alphabet="ab9.-", max_size=8) | st.sampled_from(
    [
        "example.com",
        "garage.nl",
        "Garage.NL",
        "localhost",
        "a.test",
        "xn--a.nl",
        "xn--9ca.nl",
        "ab--c.nl",
        "1.2",
    ]
    + ["a" * length + ".nl" for length in (63, 64)]
)


@given(st.builds("{}@{}".format, local_parts, domains))
@example("jan.jansen@example.com")
@example("a" * 64 + "@example.com")
@example("a" * 250 + "@example.com")
@example("jan@sub_domain.example.com")
@example("postmaster@example.com")
def test_a_plain_address_is_judged_as_the_library_does(text: str) -> None:
    assert read_email(text)[0] == judged(text)


def test_a_printable_text_has_nothing_to_clean() -> None:
    printable = "".join(filter(str.isprintable, map(chr, range(sys.maxunicode + 1))))
    assert not has_control_character(printable)
    assert not has_lone_surrogate(printable)
