"""`workorders.import` and `workorders.refresh`: somebody waits for the answer."""

from collections.abc import Mapping
from typing import Any

from schemas.messages import ImportRequest, RefreshRequest
from tasks.base import doorway, message
from worker.names import TaskName
from worker.wiring import Parts


@doorway(TaskName.IMPORT)
def import_workorder(arguments: Mapping[str, Any], parts: Parts, task_id: str) -> Mapping[str, Any]:
    request = message(ImportRequest, arguments)
    with parts.shares.share(request.dealer_id):
        return parts.asking_once.search(request, task_id, parts.interactive_deadline())


@doorway(TaskName.REFRESH)
def refresh_workorder(arguments: Mapping[str, Any], parts: Parts, task_id: str) -> Mapping[str, Any]:
    request = message(RefreshRequest, arguments)
    with parts.shares.share(request.dealer_id):
        return parts.asking_once.refresh(request, task_id, parts.interactive_deadline())
