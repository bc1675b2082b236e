"""A telephone number is found however it is written, and never as part of another."""

from collections.abc import Callable, Iterator

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, format_number
from sqlalchemy import Connection, text

from tests.integration.store.conftest import Store
from worker.store.forgetting import by_phone

Found = Callable[[str, str, str], bool]
_examples = settings(max_examples=150)


@pytest.fixture
def found(store: Store) -> Iterator[Found]:
    """Whether PostgreSQL finds the number of this region in this text."""
    with store.database.engine().connect() as connection:

        def look(phone: str, region: str, said: str) -> bool:
            return matches(connection, phone, region, said)

        yield look


def matches(connection: Connection, phone: str, region: str, said: str) -> bool:
    person = by_phone(phone, region)
    assert person, phone
    [(is_there,)] = connection.execute(
        text("SELECT CAST(:said AS text) ~ :pattern"), {"said": said, "pattern": person.pattern}
    )
    return bool(is_there)


@pytest.mark.parametrize(
    ("phone", "region", "said"),
    [
        ("0612345678", "NL", "Bel 06-12345678 na 17u"),
        ("0612345678", "NL", "06 12 34 56 78"),
        ("0612345678", "NL", "tel.0612345678"),
        ("0612345678", "NL", "tel0612345678/0687654321"),
        ("0612345678", "NL", "0687654321/0612345678"),
        ("0612345678", "NL", "+31 (0)6-12345678"),
        ("0612345678", "NL", "+31 6 12345678"),
        ("0612345678", "NL", "0031612345678"),
        ("0612345678", "NL", "31612345678"),
        ("0612345678", "NL", "612345678"),
        ("+31201234567", "NL", "(020) 123.45.67"),
        ("0800 1234", "NL", "Bel 0800-1234"),
        ("0800 1234", "NL", "Bel 0800 - 1234."),
        ("0800 1234", "NL", "+31 800 1234"),
        ("02 555 12 34", "BE", "Bel 02 555 12 34"),
        ("02 555 12 34", "BE", "02/555.12.34"),
        ("02 555 12 34", "BE", "+32 (0)2 555 12 34"),
        ("+32470123456", "NL", "0470/12.34.56"),
        ("+34612345678", "NL", "612 34 56 78"),
    ],
)
def test_it_is_found_however_it_is_written(found: Found, phone: str, region: str, said: str) -> None:
    assert found(phone, region, said)


@pytest.mark.parametrize(
    ("phone", "region", "said"),
    [
        ("0612345678", "NL", "06-123456789"),
        ("0612345678", "NL", "90612345678"),
        ("0612345678", "NL", "7612345678"),
        ("0612345678", "NL", "7-612345678"),
        ("0612345678", "NL", "A612345678"),
        ("0612345678", "NL", "Art. 12 612345678"),
        ("0612345678", "NL", "061234-5678-90"),
        ("0612345678", "NL", "06 1 bout, 2 moeren, 3 ringen, 45678"),
        ("0612345678", "NL", "+49 31612345678"),
        ("0800 1234", "NL", "020-8001234"),
        ("0800 1234", "NL", "020 800 12 34"),
        ("0800 1234", "NL", "0800-12345"),
        ("0800 1234", "NL", "0800-1234-567"),
        ("0800 1234", "NL", "10800-1234"),
        ("0800 1234", "NL", "+32 800 12 34 5"),
        ("02 555 12 34", "BE", "0472 555 12 34"),
        ("02 555 12 34", "BE", "0472/55.51.234"),
        ("02 555 12 34", "BE", "02 555 12 348"),
        ("02 555 12 34", "BE", "+31 20 255 51 234"),
    ],
)
def test_a_neighbor_is_not(found: Found, phone: str, region: str, said: str) -> None:
    assert not found(phone, region, said)


_REGIONS = ("NL", "BE", "DE", "FR", "LU", "GB", "ES", "IT")
_FORMATS = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL)
_KINDS = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)


@st.composite
def numbers(draw: st.DrawFn) -> phonenumbers.PhoneNumber:
    """Valid ones: the country's example with other last digits."""
    region, kind = draw(st.sampled_from(_REGIONS)), draw(st.sampled_from(_KINDS))
    example = phonenumbers.example_number_for_type(region, kind)
    assert example
    last = draw(st.text("0123456789", min_size=4, max_size=4))
    changed = phonenumbers.parse(f"{format_number(example, PhoneNumberFormat.E164)[:-4]}{last}")
    return changed if phonenumbers.is_valid_number(changed) else example


@_examples
@given(number=numbers(), style=st.sampled_from(_FORMATS), region=st.sampled_from(_REGIONS))
def test_every_country_writes_numbers_its_own_way(
    found: Found, number: phonenumbers.PhoneNumber, style: int, region: str
) -> None:
    written = format_number(number, style)
    assert found(format_number(number, PhoneNumberFormat.E164), region, f"Bel {written}, na 17u")


@_examples
@given(
    number=numbers(), style=st.sampled_from(_FORMATS[1:]), digits=st.from_regex("[0-9]{1,3}", fullmatch=True)
)
def test_one_digit_more_is_another_number(
    found: Found, number: phonenumbers.PhoneNumber, style: int, digits: str
) -> None:
    e164, written = format_number(number, PhoneNumberFormat.E164), format_number(number, style)
    assert not found(e164, "NL", f"Bel {written}{digits}")
    if not written.startswith("+"):
        # A country code without `+` is no digit more.
        assume(digits != str(number.country_code))
        assert not found(e164, "NL", f"Bel {digits}{written}")
