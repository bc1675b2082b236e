"""Invented number plates of every Dutch series and the Belgian shapes; X is a letter, 9 a digit."""

import random

# RDW, "Kentekenreeksen": series 1 to 14 of ordinary vehicles.
DUTCH = (
    "XX-99-99", "99-99-XX", "99-XX-99", "XX-99-XX", "XX-XX-99", "99-XX-XX", "99-XXX-9",
    "9-XXX-99", "XX-999-X", "X-999-XX", "XXX-99-X", "X-99-XXX", "9-XX-999", "999-XX-9",
)  # fmt: skip
BELGIAN = ("9-XXX-999", "XXX-999", "999-XXX")
_LETTERS = "BDFGHJKLNPRSTVXZ"


def plate(chance: random.Random, pattern: str) -> str:
    made = (
        chance.choice(_LETTERS) if sign == "X" else chance.choice("123456789") if sign == "9" else sign
        for sign in pattern
    )
    return "".join(made)


def any_plate(chance: random.Random) -> str | None:
    """A plate as a service desk types it: mostly with dashes and in capitals, but not always there at all."""
    if chance.random() < 0.02:
        return None
    shown = plate(chance, chance.choice(DUTCH if chance.random() < 0.75 else BELGIAN))
    habit = chance.random()
    if habit < 0.25:
        shown = shown.replace("-", "")
    if 0.2 < habit < 0.35:
        shown = shown.lower()
    return f"{shown}  " if habit > 0.95 else shown
