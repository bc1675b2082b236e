"""What a person typed in the search bar, turned into what Vinacles is asked and what counts as a hit."""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from schemas import plates
from schemas.outcome import Reason
from schemas.texts import has_control_character, has_lone_surrogate
from schemas.vinacles import PLATE, WO_NUMBER, WO_NUMBER_LENGTH, Row

# Data API builder up to 1.7 decodes a filter twice, as .NET does: `%27` and `%u0027` would become a quote.
_ESCAPE = re.compile(r"%(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})")
# Blanks, and what cannot be seen but comes along when text is copied: zero widths, byte order marks.
_BLANK = r"[\s\u200b-\u200f\u2060\ufeff]+"
_AROUND = re.compile(rf"\A{_BLANK}|{_BLANK}\Z")
# A plate typed with more around its characters would be too long to ask, and is asked without.
_MOST_TYPED_CHARACTERS = 20


@dataclass(frozen=True, slots=True, repr=False)
class SearchTerms:
    """`wo_numbers` and `plates` are the spellings to ask for, as plain literals; one of them may be empty.

    What comes back must still be checked with `matches`: servers compare with their own idea of case, and
    some decode `&`, `#` and `+` once too often.
    """

    wo_numbers: tuple[str, ...]
    plates: tuple[str, ...]
    _bare_plate: str | None = field(default=None, kw_only=True)

    def matches(self, row: Row) -> bool:
        """Whether a header row really carries the number (blanks around it and case aside) or the plate."""
        wo_number, plate = row.get(WO_NUMBER), row.get(PLATE)
        if isinstance(wo_number, str) and wo_number.strip().casefold() in self._folded_numbers():
            return True
        return (
            self._bare_plate is not None and isinstance(plate, str) and plates.bare(plate) == self._bare_plate
        )

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
    if not typed or has_control_character(typed) or has_lone_surrogate(typed) or _ESCAPE.search(spelled):
        return NotSearchable()
    numbers = (typed, typed.upper(), typed.lower()) if len(typed) <= WO_NUMBER_LENGTH else ()
    bare_plate = plates.bare(typed)
    if not numbers and bare_plate is None:
        return NotSearchable()
    return SearchTerms(tuple(dict.fromkeys(numbers)), _plates(bare_plate, typed), _bare_plate=bare_plate)


def _plates(bare_plate: str | None, typed: str) -> tuple[str, ...]:
    """Also as typed: the dashes and spaces of a foreign plate follow no rule known here, and whoever copies a
    plate from the DMS finds it however it was written there."""
    if bare_plate is None:
        return ()
    as_typed = (typed, typed.upper(), typed.lower()) if len(typed) <= _MOST_TYPED_CHARACTERS else ()
    return tuple(dict.fromkeys((*plates.spellings(bare_plate), *as_typed)))
