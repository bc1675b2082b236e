"""Texts that want to be more than a text, and what a database held before and after them."""

from hypothesis import strategies as st
from sqlalchemy import Connection, text

#: For OData, SQL, LIKE, printf, alembic and Python's own templates; each is somebody's last name somewhere.
TEXTS = (
    "O'Brien",
    "' or '1' eq '1",
    "x') or (WorkorderId gt 0",
    "WO-1001' or WONUMMER ne '",
    "a&$filter=WorkorderId gt 0&$first=1",
    "%27 or 1 eq 1",
    "%2527",
    "%u0027",
    "＇ or ＇1＇ eq ＇1",
    "ʼ or 1 eq 1",
    "1; DROP TABLE workorders; --",
    "'; DELETE FROM contacts; --",
    "' UNION SELECT client_secret FROM dealers --",
    "\\'; SELECT pg_sleep(10); --",
    "$$; DROP TABLE dealers; $$",
    "E'\\047'",
    "%",
    "_",
    "%s",
    "%(dealer_id)s",
    ":dealer_id",
    ":name",
    "{dealer_id}",
    "{0.__class__}",
    "../../etc/passwd",
    "*",
    "\\",
    '"',
    "null",
    "1 eq 1",
    "\u202eWO-1001",
    "\x1b[2J",
    "a\x00b",
    "\udcff",
    "-- ",
    "😀' or '",
)
#: The same and whatever lies between them.
typed = (
    st.sampled_from(TEXTS)
    | st.text(st.characters(exclude_categories=()), min_size=1, max_size=30)
    | st.text("'\"%;:\\()&$=+# _-27uorqeEOR1A", min_size=1, max_size=25)
    | st.lists(st.sampled_from(TEXTS), min_size=2, max_size=2).map("".join)
)


def fingerprints(connection: Connection) -> dict[str, str]:
    """Each table's rows as one hash; a table that is gone has none."""
    tables = connection.execute(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1")
    ).scalars()
    hashed = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return {name: connection.execute(text(hashed.format(name))).scalar_one() for name in tables}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The tables that are not as they were."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
