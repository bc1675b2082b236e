"""One process of a fleet whose threads all ask the same dealer's Vinacles once, at the same moment.

Arguments: database URL, Fernet key, dealer, threads. Says `ready`, waits for a line; then each thread says
`refused` or `asking`. Whoever asks waits until nobody holds the advisory lock `GATE`, and says `answered`.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import text

from worker.attempt import Attempt
from worker.breaker import Breaker
from worker.deadline import Deadline
from worker.errors import CircuitOpen
from worker.store.dealers import Dealers
from worker.store.session import Database, Limits
from worker.store.tables import Trigger

GATE = 4711


def main(database_url: str, key: str, dealer_id: str, threads: str) -> None:
    limits = Limits(pool_size=2 * int(threads), statement_seconds=0, lock_seconds=0)
    database = Database(database_url, "twodrive-tests", limits)
    dealers, breaker = Dealers(MultiFernet([Fernet(key)])), Breaker(database)

    def ask(_: int) -> None:
        with database.transaction() as connection:
            loaded = dealers.load(connection, int(dealer_id))
        assert loaded is not None
        deadline = Deadline.after(60)
        try:
            with breaker.question(Attempt(loaded, 0, Trigger.SEARCH, None, None, deadline)):
                say("asking")
                with database.transaction() as connection:
                    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:gate)"), {"gate": GATE})
            say("answered")
        except CircuitOpen:
            say("refused")

    with ThreadPoolExecutor(int(threads)) as pool:
        say("ready")
        sys.stdin.readline()
        list(pool.map(ask, range(int(threads))))


def say(word: str) -> None:
    """In one piece, whatever other threads say."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
