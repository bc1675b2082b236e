"""A process of its own that asks a hostile Vinacles with the real client, and tells what that took.

Run as `python -m tests.integration.vinacles.hostile_reader REDIS_URL`: each line of its input is a question,
and each line of its output how it ended.
"""

import gc
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
from cryptography.fernet import Fernet

from schemas.dealer import Connection, Dealer, Secret
from schemas.search import NotSearchable, parse_search
from tests.unit.vinacles.bad_server import TOKEN_PATH
from worker.deadline import Deadline
from worker.errors import TwoDriveError
from worker.retry import RetryRule
from worker.vinacles.bulk import BulkQuery, BulkReader
from worker.vinacles.client import Client, Tally
from worker.vinacles.oauth import TokenSource
from worker.vinacles.wire import Wire, build_session
from worker.vinacles.workorders import Vinacles

_WINDOW = BulkQuery(datetime(2026, 1, 1), datetime(2026, 12, 31))


def main(redis_url: str) -> None:
    """Tries once only, so that each question meets the server's manners once."""
    wire = Wire(build_session(4, allow_private=True))
    tokens = TokenSource(redis.Redis.from_url(redis_url), Fernet(Fernet.generate_key()), b"names", wire)
    client = Client(wire, tokens, RetryRule(most_tries=1, few_tries=1))
    # What is loaded at the first use is no part of what a question takes.
    _asked(client, {"url": "http://127.0.0.1:9", "seconds": 1, "bulk": False})
    gc.collect()
    at_rest = _status("VmRSS")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_measured(client, json.loads(line), at_rest)) + "\n")
        sys.stdout.flush()


def _measured(client: Client, question: dict[str, Any], at_rest: int) -> dict[str, Any]:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began, before = time.monotonic(), _status("VmRSS")
    outcome = _asked(client, question)
    return {
        **outcome,
        "seconds": time.monotonic() - began,
        "grown_bytes": _status("VmHWM") - at_rest,
        "taken_bytes": _status("VmHWM") - before,
    }


def _asked(client: Client, question: dict[str, Any]) -> dict[str, Any]:
    url, deadline, tally = question["url"], Deadline.after(question["seconds"]), Tally()
    dealer = Dealer(5, "Garage Noord", Connection(url, url + TOKEN_PATH, "noord", "claire", Secret("s3cret")))
    try:
        if question["bulk"]:
            bulk = BulkReader(client)
            found = bulk.belongings(dealer, bulk.headers(dealer, _WINDOW, deadline), deadline)
        else:
            terms = parse_search("WO-1")
            assert not isinstance(terms, NotSearchable)
            found = Vinacles(client, 4).search(dealer, terms, deadline, tally=tally)
    except TwoDriveError as error:
        return {"code": error.code.value, "text": error.text}
    return {"code": None, "text": f"{len(found.workorders)} found"}


def _status(name: str) -> int:
    """Bytes that the kernel tells about this process."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1])
