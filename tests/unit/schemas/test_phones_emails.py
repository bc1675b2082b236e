import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.emails import read_email
from schemas.outcome import Warning
from schemas.phones import PhoneReading, read_phone

MORE = (Warning.PHONE_HAD_MORE_TEXT,)


@pytest.mark.parametrize(
    ("text", "region", "e164", "warnings"),
    [
        ("0612345678", "NL", "+31612345678", ()),
        ("06 - 12 34 56 78", "NL", "+31612345678", ()),
        ("+31 (0)6 12345678", "NL", "+31612345678", ()),
        ("0031612345678", "NL", "+31612345678", ()),
        ("0470 12 34 56", "BE", "+32470123456", ()),
        ("+32 470 12 34 56", "NL", "+32470123456", ()),
        # Parsed as a whole this is +316123456787, or worse: the 17 would be dialed too.
        ("0612345678 na 17u", "NL", "+31612345678", MORE),
        ("06-12345678 / 020-5551234", "NL", "+31612345678", MORE),
        ("0205551234 toestel 12", "NL", "+31205551234", MORE),
        ("0205551234 ext 12", "NL", "+31205551234", MORE),
        ("0612345678" + " " * 200 + "x", "NL", "+31612345678", MORE),
    ],
)
def test_numbers_are_found(text: str, region: str, e164: str, warnings: tuple[Warning, ...]) -> None:
    assert read_phone(text, region) == PhoneReading(e164=e164, warnings=warnings)


@pytest.mark.parametrize("text", ["geen", "06123", "0000000000", "bellen via receptie"])
def test_a_text_without_a_number_is_kept(text: str) -> None:
    assert read_phone(text, "NL") == PhoneReading(as_written=text, warnings=(Warning.UNREADABLE_PHONE,))


def test_a_long_text_is_shortened() -> None:
    reading = read_phone("n" * 101, "NL")
    assert reading.as_written == "n" * 100
    assert reading.warnings == (Warning.UNREADABLE_PHONE, Warning.TEXT_SHORTENED)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_phone_field_always_leaves_a_number_or_its_text(text: str) -> None:
    reading = read_phone(text, "NL")
    assert (reading.e164 is None) != (reading.as_written is None)


@pytest.mark.parametrize(
    ("text", "address", "warnings"),
    [
        ("jan@example.com", "jan@example.com", ()),
        ("  Jan.Jansen@EXAMPLE.com;", "Jan.Jansen@example.com", ()),
        ("<jan@example.com>", "jan@example.com", ()),
        ("jan@example.com; piet@example.org", "jan@example.com", (Warning.EMAIL_HAD_MORE_TEXT,)),
        ("jan@, piet@example.org", "piet@example.org", (Warning.EMAIL_HAD_MORE_TEXT,)),
        ("jan@example.com" + " " * 600, "jan@example.com", (Warning.EMAIL_HAD_MORE_TEXT,)),
        ("geen", None, (Warning.UNREADABLE_EMAIL,)),
        ("jan@localhost", None, (Warning.UNREADABLE_EMAIL,)),
        (";", None, (Warning.UNREADABLE_EMAIL,)),
    ],
)
def test_addresses_are_found(text: str, address: str | None, warnings: tuple[Warning, ...]) -> None:
    assert read_email(text) == (address, warnings)


@given(st.text())
def test_any_text_is_read_or_warned_of(text: str) -> None:
    address, warnings = read_email(text)
    assert address is not None or warnings == (Warning.UNREADABLE_EMAIL,)
