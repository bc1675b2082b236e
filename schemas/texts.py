"""Texts as PostgreSQL can store them (no NUL) and UTF-8 can send them (no lone surrogate), on one line."""

import re
from typing import TypeGuard

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]+")
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def clean(text: str) -> str:
    """Line breaks and other control characters become a space, half surrogate pairs go, blanks around go."""
    if text.isprintable():  # then there is neither
        return text.strip()
    return _LONE_SURROGATE.sub("", _CONTROL.sub(" ", text)).strip()


def has_control_character(text: str) -> bool:
    return _CONTROL.search(text) is not None


def has_lone_surrogate(text: str) -> bool:
    return _LONE_SURROGATE.search(text) is not None


def is_plain_id(value: object) -> TypeGuard[str]:
    """Whether it looks like an identifier. No other of somebody else's is passed on: nothing in one ends a
    comment or a header, and what a person typed hardly fits."""
    return isinstance(value, str) and _PLAIN_ID.fullmatch(value) is not None
