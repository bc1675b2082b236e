"""E-mail addresses as people type them in a DMS. Only their form is looked at."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from schemas.outcome import Warning

MAX_LENGTH = 500
# ASCII, so that only the domain is left to be judged and its case to be changed.
_PLAIN = re.compile(r"([A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+){0,9})@([A-Za-z0-9.-]{1,180})")
_LONGEST_LOCAL_PART = 64  # so that the whole is never too long
# The library writes names of common mailboxes in lower case (RFC 2142).
_MAILBOX_NAMES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
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
    if plain is None:
        return judged(candidate) if "@" in candidate else None
    local, domain = plain[1], plain[2].lower()
    if len(local) > _LONGEST_LOCAL_PART or "xn--" in domain or local.lower() in _MAILBOX_NAMES:
        return judged(candidate)
    return f"{local}@{domain}" if _is_domain(domain) else None


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
