"""Following `nextLink` without trusting it: only its `$after` is used, on our own URL."""

from urllib.parse import unquote, urlsplit

from worker.vinacles.failures import refused

#: The columns of a key and of `$orderby` as base64; anything longer is not a continuation of our query.
_MOST_AFTER_CHARACTERS = 2_000
#: Pages of a query, unless more rows are expected: 50,000 rows where a server gives as few as 100 at a time.
MOST_PAGES = 500


class Paging:
    """`after` is the continuation to ask for, None for the first page."""

    def __init__(self, most_pages: int = MOST_PAGES) -> None:
        self.after: str | None = None
        self._most_pages = most_pages
        self._seen: set[str] = set()

    def advance(self, next_link: object) -> bool:
        """Take the next page's continuation; False at the end.

        Raises VinaclesRefused for a link without one, with one that was followed before, or to one page too
        many.
        """
        if next_link is None:
            return False
        after = _after(next_link)
        if not after or len(after) > _MOST_AFTER_CHARACTERS:
            raise refused("Vinacles sent a link to the next page that cannot be followed.")
        if after in self._seen:
            raise refused("Vinacles sent a link to a page that was read already.")
        self._seen.add(after)
        if len(self._seen) >= self._most_pages:
            raise refused("Vinacles' pages come to no end.")
        self.after = after
        return True


def _after(link: object) -> str | None:
    """The `$after` of a link. Percent-decoding only: in base64 a `+` is a digit, not a space."""
    if not isinstance(link, str):
        return None
    try:
        query = urlsplit(link).query
    except ValueError:
        return None
    pairs = (part.partition("=") for part in query.split("&"))
    return next((unquote(value) for name, _, value in pairs if unquote(name) == "$after"), None)
