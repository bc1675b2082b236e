"""License plates: the bare form to compare, the dashed form to read, the spellings to ask for.

Only the shape is looked at. RDW issues Dutch plates in 14 series ("sidecodes") of six characters; DIV issues
Belgian ones as `9-XXX-999`, before that `999-XXX` and `XXX-999`. No shape is in both lists, and in all of
them a dash stands at each change between letters and digits, with a run of four split in two.
"""

import unicodedata
from itertools import groupby

#: X stands for a letter, 9 for a digit.
DUTCH_SHAPES = (
    "XX9999",
    "9999XX",
    "99XX99",
    "XX99XX",
    "XXXX99",
    "99XXXX",
    "99XXX9",
    "9XXX99",
    "XX999X",
    "X999XX",
    "XXX99X",
    "X99XXX",
    "9XX999",
    "999XX9",
)
BELGIAN_SHAPES = ("9XXX999", "XXX999", "999XXX")
#: The longest plates of Europe have nine characters; some dealers write the country in front.
MAX_BARE_LENGTH = 12

_KNOWN_SHAPES = frozenset(DUTCH_SHAPES + BELGIAN_SHAPES)
_DIGITS = frozenset("0123456789")
_SEPARATORS = frozenset(".·•\u00ad\u2212")
_ASCII_SEPARATORS = dict.fromkeys(code for code in range(128) if chr(code) in "-." or chr(code).isspace())


def bare(text: str) -> str | None:
    """Upper-case letters and digits without what people write between them; None where it cannot be a plate.

    `ab-12-cd`, `AB 12 CD` and `ＡＢ–12–ＣＤ` are all `AB12CD`.
    """
    if text.isascii():
        plain = text.upper().translate(_ASCII_SEPARATORS)
        return plain if plain.isalnum() and len(plain) <= MAX_BARE_LENGTH else None
    upper = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    kept = "".join(char for char in upper if not _is_separator(char))
    if not 1 <= len(kept) <= MAX_BARE_LENGTH or not all(map(_is_plate_character, kept)):
        return None
    return kept


def display(bare_plate: str) -> str:
    """The dashed form: `AB12CD` → `AB-12-CD`, `1234AB` → `12-34-AB`, `1ABC234` → `1-ABC-234`."""
    runs = ["".join(run) for _, run in groupby(bare_plate, key=_DIGITS.__contains__)]
    return "-".join(f"{run[:2]}-{run[2:]}" if len(run) == 4 else run for run in runs)


def is_known_shape(bare_plate: str) -> bool:
    """Whether the plate has one of the Dutch or Belgian shapes."""
    return "".join("9" if char in _DIGITS else "X" for char in bare_plate) in _KNOWN_SHAPES


def spellings(bare_plate: str) -> tuple[str, ...]:
    """How Vinacles may have written it down: bare and dashed, upper and lower case, without doubles."""
    dashed = display(bare_plate)
    return tuple(dict.fromkeys((bare_plate, dashed, bare_plate.lower(), dashed.lower())))


def _is_separator(char: str) -> bool:
    return char in _SEPARATORS or char.isspace() or unicodedata.category(char) == "Pd"


def _is_plate_character(char: str) -> bool:
    return char in _DIGITS or unicodedata.category(char) == "Lu"
