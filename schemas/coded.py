"""Closed lists of stable codes."""

from enum import StrEnum
from typing import Self


class Coded(StrEnum):
    """A member is its code; the list's own `__init__` names the texts that stand beside it."""

    def __new__(cls, code: str, *_texts: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        return member
