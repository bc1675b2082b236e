"""Importing again what Claire has, for whoever asks: equal questions at the same time are asked once."""

import json
from collections.abc import Mapping
from typing import Any

from schemas.answers import dump_import_result
from schemas.messages import RefreshRequest
from worker.coalescing import Coalescer
from worker.deadline import Deadline
from worker.importer import Importer

#: A refresh asked for again within this time gets the answer of the first.
SHARED_SECONDS = 2.0


class Refreshing:
    """Safe to share between threads."""

    def __init__(self, importer: Importer, coalescer: Coalescer) -> None:
        self._importer = importer
        self._coalescer = coalescer

    def __call__(self, request: RefreshRequest, task_id: str | None, deadline: Deadline) -> Mapping[str, Any]:
        """An ImportResult as plain JSON, with the `request_id` of this request. Raises a `TwoDriveError`
        where no answer could be had."""

        def refresh() -> bytes:
            return json.dumps(dump_import_result(self._importer.refresh(request, task_id, deadline))).encode()

        # Ten clicks are one question to Vinacles and ten answers.
        key = f"refresh/{request.dealer_id}/{request.workorder_id}"
        answer = json.loads(self._coalescer.once(key, refresh, deadline, SHARED_SECONDS))
        return {**answer, "request_id": request.request_id}
