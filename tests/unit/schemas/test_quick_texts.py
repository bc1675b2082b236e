"""The shortcuts for texts give what the long way gives, and the usual texts really take them."""

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS

from schemas.emails import judged, read_email
from schemas.phones import read_phone, search_phone
from schemas.quick_phones import leading_number
from schemas.texts import clean, has_control_character, has_lone_surrogate

regions = st.sampled_from(["NL", "BE", "DE", "FR", "LU", "GB", "XX"]) | st.sampled_from(
    sorted(SUPPORTED_REGIONS)
)
written_digits = st.lists(
    st.tuples(st.sampled_from(["", "", "", "", "-", " "]), st.sampled_from("0123456789")),
    min_size=3,
    max_size=16,
).map(lambda parts: "".join(map("".join, parts)))
starts = st.sampled_from(
    [
        "0",
        "06",
        "04",
        "020",
        "+31",
        "+31 6",
        "+31-6",
        "+32 4",
        "+49",
        "+1",
        "+39 ",
        "+7",
        "00",
        "0031",
        "",
        "+31 (0)6",
        "+31(0) 6",
        "0031 (0)6",
        "0032 4",
        "00 31",
        "0001",
        "+599 9",
        "+0",
        "+٣١",
    ]
)
notes = st.sampled_from(
    ["", "", "", "na 17u", "tst 123", "x12", "ext 5", "int 3", "anexo", "Ext.7", "(werk)", "#5", "én"]
)
gaps = st.sampled_from(["", " ", "  ", " / ", "/", ", ", " - ", "-", " (", ": ", "\u00a0", ";ext="])
phone_texts = st.builds("".join, st.tuples(starts, written_digits)) | st.builds(
    "".join, st.tuples(starts, written_digits, gaps, notes | st.builds(str.__add__, starts, written_digits))
)


@given(phone_texts, regions)
@example("06-12345678", "NL")
@example("+32 470 12 34 56", "BE")
@example("0612345678 ", "NL")
@example("04 9790277", "DE")
@example("06-12345678 na 17u", "NL")
@example("0612345678 x12", "NL")
@example("0612345678 / 038-4123456", "NL")
@example("0612345678 / 01 23 45 67", "NL")
@example("0031 (0)6 12345678 bellen voor 9:00", "NL")
def test_a_phone_number_is_the_one_that_a_search_finds(text: str, region: str) -> None:
    assert read_phone(text, region) == search_phone(text, region)


@given(st.text(max_size=120), regions)
@example("٣١٢٣٤٥٦٧٨", "NL")
@example("onbekend", "NL")
def test_any_text_is_read_as_a_search_reads_it(text: str, region: str) -> None:
    text = clean(text)
    assert read_phone(text, region) == search_phone(text, region)


@pytest.mark.parametrize(
    ("text", "region", "found"),
    [
        ("0612345678", "NL", ("+31612345678", False)),
        ("06-12345678", "NL", ("+31612345678", False)),
        ("020 555 12 34", "NL", ("+31205551234", False)),
        ("+31 6 12345678", "NL", ("+31612345678", False)),
        ("0031 (0)6 12345678", "NL", ("+31612345678", False)),
        ("+31 (0)6-12345678", "BE", ("+31612345678", False)),
        ("0470 12 34 56", "BE", ("+32470123456", False)),
        ("+32 470 12 34 56", "NL", ("+32470123456", False)),
        ("06-12345678 na 17u", "NL", ("+31612345678", True)),
        ("06-12345678 (werk)", "NL", ("+31612345678", True)),
        ("0612345678 / 038-4123456", "NL", ("+31612345678", True)),
        ("06-12345678 ext 5", "NL", None),
        ("0612345678 / 12", "NL", None),
        ("0012345678", "NL", None),
        ("0012345678", "XX", None),
        ("0912345678", "NL", None),
        # No 0 to begin with, another way to dial abroad, a code shared with other countries.
        ("0628123456", "LU", None),
        ("0812345678", "TH", None),
        ("0650123456", "MA", None),
        ("+1 212 555 0123", "NL", None),
    ],
)
def test_the_usual_spellings_are_plain(text: str, region: str, found: tuple[str, bool] | None) -> None:
    assert leading_number(text, region) == found


local_parts = (
    st.text(alphabet="aB9._+-<", max_size=5)
    | st.sampled_from(["INFO", "info", "Www"])
    | st.integers(60, 70).map(lambda length: "a" * length)
)
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
@example("Jan.Jansen@Example.COM")
@example("INFO@example.com")
@example("jan＠example.com")
@example("jan")
@example("<jan>")
def test_a_plain_address_is_judged_as_the_library_does(text: str) -> None:
    assert read_email(text)[0] == judged(text)


def test_a_printable_text_has_nothing_to_clean() -> None:
    printable = "".join(filter(str.isprintable, map(chr, range(sys.maxunicode + 1))))
    assert not has_control_character(printable)
    assert not has_lone_surrogate(printable)
