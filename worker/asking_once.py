"""Importing for people who wait: equal questions at the same time are one question to Vinacles."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from schemas.answers import dump_import_result
from schemas.messages import ImportRequest, RefreshRequest
from schemas.outcome import ImportResult
from schemas.search import NotSearchable, parse_search
from worker.begun import Begun
from worker.coalescing import Coalescer
from worker.deadline import Deadline
from worker.importer import Importer

#: A question asked again within this time gets the answer of the first, unless it wants a fresh one.
SHARED_SECONDS = 2.0


class AskingOnce:
    """Ten clicks are one question and ten answers, and one that ends its process each time is refused. Safe
    to share between threads.

    Each method gives an ImportResult as plain JSON, with the `request_id` of its own request, and raises a
    `TwoDriveError` where no answer could be had.
    """

    def __init__(self, importer: Importer, coalescer: Coalescer, begun: Begun) -> None:
        self._importer = importer
        self._coalescer = coalescer
        self._begun = begun

    def search(self, request: ImportRequest, task_id: str | None, deadline: Deadline) -> Mapping[str, Any]:
        key = f"search/{request.dealer_id}/{same_search(request.search)}"
        return self._once(key, request.request_id, deadline, self._importer.search, request, task_id)

    def refresh(self, request: RefreshRequest, task_id: str | None, deadline: Deadline) -> Mapping[str, Any]:
        key = f"refresh/{request.dealer_id}/{request.workorder_id}"
        return self._once(key, request.request_id, deadline, self._importer.refresh, request, task_id)

    def _once(
        self,
        key: str,
        request_id: str | None,
        deadline: Deadline,
        ask: Callable[[Any, str | None, Deadline], ImportResult],
        request: ImportRequest | RefreshRequest,
        task_id: str | None,
    ) -> Mapping[str, Any]:
        def work() -> bytes:
            return json.dumps(dump_import_result(ask(request, task_id, deadline))).encode()

        def watched() -> bytes:
            with self._begun.question(f"{self._coalescer.name_of(key)}:begun"):
                return work()

        shared = self._coalescer.once
        # A Redis that is away is waited for once: it takes most of the time that a person has.
        answer = json.loads(
            watched() if request.fresh else shared(key, watched, deadline, SHARED_SECONDS, work)
        )
        return {**answer, "request_id": request_id}


def same_search(typed: str) -> str:
    """Equal for texts by which Vinacles is asked the same: in small letters or in capitals, with blanks
    around them or without."""
    terms = parse_search(typed)
    if isinstance(terms, NotSearchable):
        return ""
    return json.dumps([sorted(terms.wo_numbers), sorted(terms.plates)])
