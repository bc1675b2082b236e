"""The product with poison: what is named in the environment kills the process that works on it.

As a program (`python -m tests.acceptance.poison …`) it is `twodrive`; as a module that a worker includes, it
adds the poison to the worker. The only place where what we own is replaced: each try must die in
the middle of the work, in a process of its own, and no real message does that for sure.
"""

import os
from pathlib import Path
from signal import SIGKILL
from typing import Any

from worker.bulk_pages import BulkPages
from worker.cli import main
from worker.importer import Importer

#: What was typed, and a dealer's number; the file gets a line for each death.
SEARCH, DEALER, DEATHS = (os.environ.get(f"POISONED_{name}") for name in ("SEARCH", "DEALER", "DEATHS"))


def _die() -> None:
    if DEATHS:
        with Path(DEATHS).open("a") as deaths:
            deaths.write("died\n")
    os.kill(os.getpid(), SIGKILL)


def _poisoned(function: Any, kills: Any) -> Any:
    def work(self: Any, first: Any, *args: Any, **options: Any) -> Any:
        if kills(first):
            _die()
        return function(self, first, *args, **options)

    return work


setattr(Importer, "search", _poisoned(Importer.search, lambda request: request.search == SEARCH))  # noqa: B010  replaced on purpose
setattr(BulkPages, "read", _poisoned(BulkPages.read, lambda run: str(run.dealer_id) == DEALER))  # noqa: B010  replaced on purpose

if __name__ == "__main__":
    main()
