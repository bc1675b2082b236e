"""marshmallow fields for Vinacles' columns: how a value is read, and what it means when it cannot be.

The rules live in `read`, which knows nothing of marshmallow, so that a faster reader can call the same.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

from marshmallow import fields

from schemas import numbers, plates
from schemas.emails import read_email
from schemas.outcome import Reason, Warning
from schemas.phones import PhoneReading, read_phone
from schemas.texts import clean

T = TypeVar("T")
Problem = Reason | Warning

_WALL_CLOCK = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?", re.ASCII)
_REAL_YEARS = range(1990, 2101)
_IMPLAUSIBLE_MILEAGES = frozenset({0, 999_999})


@dataclass(frozen=True, slots=True)
class Warned(Generic[T]):
    """What a column holds although there is something to warn of; None where nothing of it is usable."""

    value: T | None
    warnings: tuple[Warning, ...]


#: What a column that can be read holds; None is an empty column.
Reading: TypeAlias = T | Warned[T] | None


class Column(fields.Field[Any], Generic[T], ABC):
    """A column named as Vinacles names it.

    `unreadable` is the problem when a value cannot be read, `empty` the one when there is none: a Reason
    rejects the workorder, a Warning leaves None, and None as `empty` means that the column may be empty.
    """

    default_error_messages = {"invalid": "unreadable"}  # noqa: RUF012 (marshmallow's declaration)

    #: Whether the same few values come again and again, so that their readings are worth keeping in memory.
    #: Never so of what says who somebody is.
    recurs: bool = False

    def __init__(self, column: str, *, unreadable: Problem, empty: Problem | None = None) -> None:
        super().__init__(data_key=column, required=True, allow_none=True)
        self.unreadable = unreadable
        self.empty = empty

    @abstractmethod
    def read(self, value: object) -> Reading[T]:
        """Raises ValueError where the value is unreadable. Never called with None."""

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Reading[T]:
        try:
            return self.read(value)
        except ValueError:
            raise self.make_error("invalid") from None


class TextColumn(Column[T]):
    """A column of texts, which are cleaned first; a blank one is empty."""

    def read(self, value: object) -> Reading[T]:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 (unreadable is unreadable, whatever its type)
        text = clean(value)
        return self.read_text(text) if text else None

    @abstractmethod
    def read_text(self, text: str) -> Reading[T]:
        """Raises ValueError where the text, which is not blank, is unreadable."""


class NumberColumn(Column[T]):
    """A column of numbers, which may come as texts; a blank one is empty."""

    def read(self, value: object) -> Reading[T]:
        cleaned = clean(value) if isinstance(value, str) else value
        return self.read_number(cleaned) if cleaned != "" else None

    @abstractmethod
    def read_number(self, value: object) -> Reading[T]:
        """Raises ValueError where the value, which is no blank text, is unreadable."""


class Text(TextColumn[str]):
    """A text of at most `length` characters; a longer one is shortened."""

    def __init__(self, column: str, *, length: int, recurs: bool = False) -> None:
        super().__init__(column, unreadable=Warning.UNREADABLE_TEXT)
        self.length = length
        self.recurs = recurs

    def read_text(self, text: str) -> Reading[str]:
        if len(text) <= self.length:
            return text
        return Warned(text[: self.length].rstrip(), (Warning.TEXT_SHORTENED,))


class Code(TextColumn[str]):
    """A text that identifies something, so that half of it would be wrong."""

    def __init__(self, column: str, *, length: int, unreadable: Problem, empty: Problem | None) -> None:
        super().__init__(column, unreadable=unreadable, empty=empty)
        self.length = length

    def read_text(self, text: str) -> Reading[str]:
        if len(text) > self.length:
            raise ValueError
        return text


class Word(TextColumn[T]):
    """One of a few words, whatever its case."""

    recurs = True

    def __init__(self, column: str, words: Mapping[str, T], *, unknown: Warning) -> None:
        super().__init__(column, unreadable=unknown, empty=unknown)
        self.words = words
        self._unknown: Warned[T] = Warned(None, (unknown,))

    def read_text(self, text: str) -> Reading[T]:
        return self.words.get(text.lower(), self._unknown)


class Id(Column[int]):
    """A number that identifies: strictly a whole one, from `minimum` up to below 2^53."""

    def __init__(self, column: str, *, problem: Problem, minimum: int = 1) -> None:
        super().__init__(column, unreadable=problem, empty=problem)
        self.minimum = minimum

    def read(self, value: object) -> Reading[int]:
        return numbers.read_id(value, self.minimum)


class Money(NumberColumn[Decimal]):
    """An amount in EUR."""

    recurs = True

    def read_number(self, value: object) -> Reading[Decimal]:
        return numbers.read_money(value)


class Quantity(NumberColumn[Decimal]):
    """How many pieces, litres or hours."""

    recurs = True

    def read_number(self, value: object) -> Reading[Decimal]:
        return numbers.read_quantity(value)


class Mileage(NumberColumn[int]):
    """Kilometres."""

    def read_number(self, value: object) -> Reading[int]:
        kilometres = numbers.read_mileage(value)
        implausible = kilometres in _IMPLAUSIBLE_MILEAGES
        return Warned(kilometres, (Warning.IMPLAUSIBLE_MILEAGE,)) if implausible else kilometres


class WallClock(TextColumn[datetime]):
    """A date and time without a zone, as the clock at the branch shows it; a date alone means midnight.

    A value with a zone is refused: it would contradict the column, and guessing shifts appointments by hours.
    Years outside 1990-2100 stand for "none" in many databases and are no appointments.
    """

    def read_text(self, text: str) -> Reading[datetime]:
        if not _WALL_CLOCK.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        if moment.year not in _REAL_YEARS:
            raise ValueError
        return moment


@dataclass(frozen=True, slots=True)
class PlateReading:
    """`bare` is the key to search by, `shown` what people read."""

    bare: str
    shown: str


class Plate(TextColumn[PlateReading]):
    """A license plate; one of an unknown shape is shown as it was written."""

    def read_text(self, text: str) -> Reading[PlateReading]:
        bare = plates.bare(text)
        if bare is None:
            raise ValueError
        if plates.is_known_shape(bare):
            return PlateReading(bare, plates.display(bare))
        return Warned(PlateReading(bare, text), (Warning.UNKNOWN_PLATE_SHAPE,))


class Phone(TextColumn[PhoneReading]):
    """A phone number. The schema that holds this field gives it the `region`, an ISO country."""

    region: str

    def read_text(self, text: str) -> Reading[PhoneReading]:
        reading = read_phone(text, self.region)
        return Warned(reading, reading.warnings) if reading.warnings else reading


class Email(TextColumn[str]):
    """An e-mail address."""

    def read_text(self, text: str) -> Reading[str]:
        address, warnings = read_email(text)
        return Warned(address, warnings) if warnings else address
