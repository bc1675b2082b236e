"""Importing what a person looks for: equal searches at the same time are asked once."""

import json
from collections.abc import Mapping
from typing import Any

from schemas.answers import dump_import_result
from schemas.messages import ImportRequest
from schemas.search import NotSearchable, parse_search
from worker.coalescing import Coalescer
from worker.deadline import Deadline
from worker.importer import Importer

#: A search done again within this time gets the answer of the first.
SHARED_SECONDS = 2.0


class Searching:
    """Safe to share between threads."""

    def __init__(self, importer: Importer, coalescer: Coalescer) -> None:
        self._importer = importer
        self._coalescer = coalescer

    def __call__(self, request: ImportRequest, task_id: str | None, deadline: Deadline) -> Mapping[str, Any]:
        """An ImportResult as plain JSON, with the `request_id` of this request. Raises a `TwoDriveError`
        where no answer could be had."""

        def search() -> bytes:
            return json.dumps(dump_import_result(self._importer.search(request, task_id, deadline))).encode()

        key = f"search/{request.dealer_id}/{same_search(request.search)}"
        answer = json.loads(self._coalescer.once(key, search, deadline, SHARED_SECONDS))
        return {**answer, "request_id": request.request_id}


def same_search(typed: str) -> str:
    """Equal for texts by which Vinacles is asked the same: in small letters or in capitals, with blanks
    around them or without."""
    terms = parse_search(typed)
    if isinstance(terms, NotSearchable):
        return ""
    return json.dumps([sorted(terms.wo_numbers), sorted(terms.plates)])
