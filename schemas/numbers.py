"""Numbers as Vinacles sends them: JSON numbers parsed to int or Decimal, or texts. Never a float, whose
decimals are already lost.

Each function raises ValueError for what it cannot read.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

MAX_ID = 2**53 - 1
MAX_MILEAGE_KM = 9_999_999
MONEY_STEP = Decimal("0.01")
QUANTITY_STEP = Decimal("0.001")

_MONEY_LIMIT = Decimal(10) ** 10
_QUANTITY_LIMIT = Decimal(10) ** 9
_PLAIN = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_DUTCH = re.compile(r"-?([0-9]{1,30}|[0-9]{1,3}(\.[0-9]{3}){1,9})(,[0-9]{1,30})?")
_KILOMETRES = re.compile(r"[0-9]{1,7}|[0-9]{1,3}(\.[0-9]{3}){1,2}")


def read_id(value: object, minimum: int) -> int:
    """A JSON integer below 2^53, beyond which other programs lose digits (RFC 8259 §6)."""
    if type(value) is not int or not minimum <= value <= MAX_ID:
        raise ValueError
    return value


def read_money(value: object) -> Decimal:
    """EUR rounded half up to two decimals, below 10^10 as numeric(12,2) demands."""
    return _rounded(_decimal(value), MONEY_STEP, _MONEY_LIMIT)


def read_quantity(value: object) -> Decimal:
    """Rounded half up to three decimals, below 10^9 as numeric(12,3) demands."""
    return _rounded(_decimal(value), QUANTITY_STEP, _QUANTITY_LIMIT)


def read_mileage(value: object) -> int:
    """Kilometres from 0 to 9,999,999; `123.456` in a text has a Dutch thousands dot."""
    if isinstance(value, str):
        if not _KILOMETRES.fullmatch(value):
            raise ValueError
        return int(value.replace(".", ""))
    number = _decimal(value)
    if not 0 <= number <= MAX_MILEAGE_KM or number != number.to_integral_value():
        raise ValueError
    return int(number)


def fits_money(amount: Decimal) -> bool:
    """Whether numeric(12,2) can hold it."""
    return amount.copy_abs() < _MONEY_LIMIT


def _decimal(value: object) -> Decimal:
    """A text with a comma is Dutch (`1.234,56`); without one a single dot is the decimal point, as JSON and
    SQL Server write it, and several dots stand between thousands."""
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if type(value) is int and value.bit_length() <= 64:
        return Decimal(value)
    if isinstance(value, str):
        if _PLAIN.fullmatch(value):
            return Decimal(value)
        if _DUTCH.fullmatch(value):
            return Decimal(value.replace(".", "").replace(",", "."))
    raise ValueError


def _rounded(number: Decimal, step: Decimal, limit: Decimal) -> Decimal:
    # Compared before rounding too: rounding a number of a million digits would fail.
    if number.copy_abs() >= limit or (rounded := number.quantize(step, ROUND_HALF_UP)).copy_abs() >= limit:
        raise ValueError
    return rounded + 0  # turns -0.00 into 0.00
