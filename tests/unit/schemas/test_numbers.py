from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.numbers import read_id, read_mileage, read_money, read_quantity


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (Decimal("12.5000"), "12.50"),
        (12, "12.00"),
        ("12.5", "12.50"),
        ("-12,5", "-12.50"),
        ("1.234,56", "1234.56"),
        ("1.234.567", "1234567.00"),
        ("1.234.567,8", "1234567.80"),
        ("1234,56", "1234.56"),
        ("1.234", "1.23"),  # no comma: the dot is the decimal point
        ("0.005", "0.01"),  # half up, where half even gives 0.00
        ("-0.005", "-0.01"),
        ("-0.001", "0.00"),
        (Decimal("2.675"), "2.68"),
        (Decimal("1E-999999"), "0.00"),
        ("9999999999.99", "9999999999.99"),
    ],
)
def test_money(value: object, amount: str) -> None:
    assert str(read_money(value)) == amount


@pytest.mark.parametrize(
    "value",
    [
        12.5,
        True,
        None,
        "",
        "twaalf",
        "1,234.56",
        "1.23.456,00",
        "€ 12",
        "1e3",
        "--1",
        "12-",
        "१२",
        [],
        {},
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        Decimal("1E+999999"),
        Decimal("9999999999.995"),
        "10000000000",
        10**500,
        "9" * 500,
    ],
)
def test_what_is_no_money(value: object) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        read_money(value)


def test_quantities_keep_three_decimals() -> None:
    assert str(read_quantity("0,3335")) == "0.334"
    assert str(read_quantity(999_999_999)) == "999999999.000"
    with pytest.raises(ValueError, match=r"^$"):
        read_quantity(10**9)


@pytest.mark.parametrize(
    ("value", "kilometres"),
    [(0, 0), (84210, 84210), ("84210", 84210), ("84.210", 84210), (Decimal("84210.00"), 84210)],
)
def test_mileage(value: object, kilometres: int) -> None:
    assert read_mileage(value) == kilometres
    assert type(read_mileage(value)) is int


@pytest.mark.parametrize("value", [-1, 10**7, Decimal("0.5"), "84,2", "84.21", "-5", "km", 5.0, False, None])
def test_what_is_no_mileage(value: object) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        read_mileage(value)


def test_ids_are_strict() -> None:
    assert read_id(2**53 - 1, 1) == 2**53 - 1
    assert read_id(0, 0) == 0
    values: tuple[Any, ...] = (0, 2**53, True, "5", 5.0, Decimal(5), None)
    for value in values:
        with pytest.raises(ValueError, match=r"^$"):
            read_id(value, 1)


@given(st.decimals(min_value=-9_999_999_999, max_value=9_999_999_999, places=2))
def test_an_amount_in_dutch_notation_is_the_same_amount(amount: Decimal) -> None:
    dutch = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert read_money(dutch) == read_money(str(amount)) == amount
