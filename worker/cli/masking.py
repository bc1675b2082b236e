"""Showing settings without what is secret in them."""

import re

from schemas.dealer import Secret

MASK = "***"
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/?#@\s]*@)?"
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]+)?(?P<path>/[A-Za-z0-9_-]*)?(?P<query>\?[^@]*)?"
)


def shown(value: object) -> str:
    """A setting's value as text: of URLs host, port and database stay readable, keys are only counted."""
    if isinstance(value, Secret):
        return masked_url(value.reveal())
    if isinstance(value, tuple):
        return ", ".join(MASK for _ in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def masked_url(url: str) -> str:
    """Login and query are masked; of a URL in which a password cannot be told apart, all but the scheme."""
    match = _URL.fullmatch(url)
    if match is None:
        scheme = re.match(r"[a-z][a-z0-9+.-]*://", url)
        return f"{scheme.group() if scheme else ''}{MASK}"
    login = f"{MASK}@" if "@" in url else ""
    query = f"?{MASK}" if match["query"] else ""
    return f"{match['scheme']}://{login}{match['host']}{match['port'] or ''}{match['path'] or ''}{query}"
