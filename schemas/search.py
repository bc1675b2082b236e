"""What a person typed in the search bar, turned into what Vinacles is asked and what counts as a hit."""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from schemas import plates
from schemas.outcome import Reason
from schemas.texts import has_control_character, has_lone_surrogate
from schemas.vinacles import DECODED_TWICE, PLATE, WO_NUMBER, WO_NUMBER_LENGTH, Row

# Blanks, and what cannot be seen but comes along when text is copied: zero widths, byte order marks.
_BLANK = r"[\s\u200b-\u200f\u2060\ufeff]+"
_AROUND = re.compile(rf"\A{_BLANK}|{_BLANK}\Z")
# A plate typed with more around its characters would be too long to ask, and is asked without.
_MOST_TYPED_CHARACTERS = 20
_ALIKE = dict(zip("O0I1B8S5Z2", "0O1I8B5S2Z", strict=True))


@dataclass(frozen=True, slots=True, repr=False)
class SearchTerms:
    """`wo_numbers` and `plates` are the spellings to ask for, as plain literals; one of them may be empty.
    `bare_plates` are the plates that are meant, however they are spelled.

    What comes back must still be checked with `matches`: servers compare with their own idea of case, and
    some decode `&`, `#` and `+` once too often.
    """

    wo_numbers: tuple[str, ...]
    plates: tuple[str, ...]
    bare_plates: tuple[str, ...] = field(default=(), kw_only=True)

    def matches(self, row: Row) -> bool:
        """Whether a header row really carries the number (blanks around it and case aside) or the plate."""
        plate = row.get(PLATE)
        return self.has_number(row) or (isinstance(plate, str) and plates.bare(plate) in self.bare_plates)

    def has_number(self, row: Row) -> bool:
        """Whether it is the number that the row carries."""
        wo_number = row.get(WO_NUMBER)
        return isinstance(wo_number, str) and wo_number.strip().casefold() in self._folded_numbers()

    def _folded_numbers(self) -> frozenset[str]:
        return frozenset(number.casefold() for number in self.wo_numbers)

    def __repr__(self) -> str:
        return f"SearchTerms(<{len(self.wo_numbers)} numbers, {len(self.plates)} plates>)"


@dataclass(frozen=True, slots=True)
class NotSearchable:
    """The text can be neither a workorder number nor a plate; Vinacles is not asked."""

    reason: ClassVar[Reason] = Reason.NOT_SEARCHABLE


def parse_search(text: str) -> SearchTerms | NotSearchable:
    """Any text is asked as it was typed, blanks around it aside, except what no number or plate can hold:
    nothing at all, control characters, half a surrogate pair, an escape such as `%27`, or more than 20
    characters that are no plate either."""
    typed = _AROUND.sub("", text)
    # In capitals too: the ligature in "%ﬀ" becomes "%FF".
    spelled = f"{typed} {typed.upper()}"
    if (
        not typed
        or has_control_character(typed)
        or has_lone_surrogate(typed)
        or DECODED_TWICE.search(spelled)
    ):
        return NotSearchable()
    numbers = (typed, typed.upper(), typed.lower()) if len(typed) <= WO_NUMBER_LENGTH else ()
    bare_plate = plates.bare(typed)
    if not numbers and bare_plate is None:
        return NotSearchable()
    bare_plates = () if bare_plate is None else (bare_plate,)
    return SearchTerms(tuple(dict.fromkeys(numbers)), _plates(bare_plate, typed), bare_plates=bare_plates)


def near_misses(text: str) -> SearchTerms | None:
    """What somebody may have meant who typed a text that nothing has: two neighbors exchanged, or a letter
    and a digit that look alike. None where that gives nothing to ask for."""
    typed = _AROUND.sub("", text).upper()
    if isinstance(parse_search(typed), NotSearchable):
        return None
    numbers = _nearly(typed) if len(typed) <= WO_NUMBER_LENGTH else ()
    # `%O1` may have been meant as `%01`, which no server can be asked for.
    numbers = tuple(number for number in numbers if not DECODED_TWICE.search(number))
    bare_plate = plates.bare(typed)
    meant = () if bare_plate is None else tuple(filter(plates.is_known_shape, _nearly(bare_plate)))
    if not numbers and not meant:
        return None
    spelled = tuple(spelling for plate in meant for spelling in (plate, plates.display(plate)))
    return SearchTerms(numbers, spelled, bare_plates=meant)


def _nearly(typed: str) -> tuple[str, ...]:
    found = [
        f"{typed[:place]}{typed[place + 1]}{typed[place]}{typed[place + 2 :]}"
        for place in range(len(typed) - 1)
    ]
    found += [
        f"{typed[:place]}{_ALIKE[character]}{typed[place + 1 :]}"
        for place, character in enumerate(typed)
        if character in _ALIKE
    ]
    return tuple(other for other in dict.fromkeys(found) if other != typed)


def _plates(bare_plate: str | None, typed: str) -> tuple[str, ...]:
    """Also as typed: the dashes and spaces of a foreign plate follow no rule known here, and whoever copies a
    plate from the DMS finds it however it was written there."""
    if bare_plate is None:
        return ()
    as_typed = (typed, typed.upper(), typed.lower()) if len(typed) <= _MOST_TYPED_CHARACTERS else ()
    return tuple(dict.fromkeys((*plates.spellings(bare_plate), *as_typed)))
