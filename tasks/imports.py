"""`workorders.import` and `workorders.refresh`: somebody waits for the answer."""

import json
from collections.abc import Mapping
from typing import Any

from schemas.answers import dump_import_result
from schemas.messages import ImportRequest, RefreshRequest
from tasks.base import doorway, message
from worker.wiring import Parts

#: A refresh asked for again within this time gets the answer of the first.
SHARED_SECONDS = 2.0


@doorway("workorders.import")
def import_workorder(arguments: Mapping[str, Any], parts: Parts, task_id: str) -> Mapping[str, Any]:
    request = message(ImportRequest, arguments)
    return parts.searching(request, task_id, parts.interactive_deadline())


@doorway("workorders.refresh")
def refresh_workorder(arguments: Mapping[str, Any], parts: Parts, task_id: str) -> Mapping[str, Any]:
    request = message(RefreshRequest, arguments)
    deadline = parts.interactive_deadline()

    def refresh() -> bytes:
        return json.dumps(dump_import_result(parts.importer.refresh(request, task_id, deadline))).encode()

    # Ten clicks are one question to Vinacles and ten answers.
    key = f"refresh/{request.dealer_id}/{request.workorder_id}"
    answer = json.loads(parts.coalescer.once(key, refresh, deadline, SHARED_SECONDS))
    return {**answer, "request_id": request.request_id}
