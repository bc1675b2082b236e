"""E-mail addresses as people type them in a DMS. Only their form is looked at."""

import re

from email_validator import EmailNotValidError, validate_email

from schemas.outcome import Warning

MAX_LENGTH = 500
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
    """Mail programs copy addresses as `Name <address>`, so the brackets are taken off. Only the form counts:
    names reserved for tests (RFC 6761) pass too."""
    try:
        found = validate_email(candidate.strip("<>"), check_deliverability=False, test_environment=True)
        return found.normalized
    except EmailNotValidError:
        return None
