"""E-mail addresses as people type them in a DMS. Only their form is looked at."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from schemas.outcome import Warning

MAX_LENGTH = 500
# Lower case and ASCII, so that only the domain is left to be judged and nothing to be changed.
_PLAIN = re.compile(r"([a-z0-9]+(?:[._+-][a-z0-9]+){0,9})@([a-z0-9.-]{1,180})")
_LONGEST_LOCAL_PART = 64  # so that the whole is never too long
_BETWEEN = re.compile(r"[;,\s]+")


def read_email(text: str) -> tuple[str | None, tuple[Warning, ...]]:
    """The first valid address, its domain in lower case, and what to warn of."""
    candidates = [part for part in _BETWEEN.split(text[:MAX_LENGTH]) if part]
    address = next(filter(None, map(_normalized, candidates)), None)
    if address is None:
        return None, (Warning.UNREADABLE_EMAIL,)
    more = len(candidates) > 1 or len(text) > MAX_LENGTH
    return address, (Warning.EMAIL_HAD_MORE_TEXT,) if more else ()


def _normalized(candidate: str) -> str | None:
    plain = _PLAIN.fullmatch(candidate)
    if plain and len(plain[1]) <= _LONGEST_LOCAL_PART and "xn--" not in plain[2]:
        return candidate if _is_domain(plain[2]) else None
    return judged(candidate)


@lru_cache(maxsize=4096)
def _is_domain(domain: str) -> bool:
    return judged(f"x@{domain}") is not None


def judged(candidate: str) -> str | None:
    """The address as `email_validator` writes it, None where it finds none. Mail programs copy addresses as
    `Name <address>`, so the brackets are taken off; names reserved for tests (RFC 6761) pass too."""
    try:
        found = validate_email(candidate.strip("<>"), check_deliverability=False, test_environment=True)
        return found.normalized
    except EmailNotValidError:
        return None
