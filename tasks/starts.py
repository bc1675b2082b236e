"""`workorders.mark_started`: Claire says that work has started."""

from collections.abc import Mapping
from typing import Any

from schemas.answers import dump_start_state
from schemas.messages import MarkStarted
from tasks.base import doorway, message
from worker.names import TaskName
from worker.wiring import Parts


@doorway(TaskName.MARK_STARTED)
def mark_started(arguments: Mapping[str, Any], parts: Parts, _task_id: str) -> Mapping[str, Any]:
    request = message(MarkStarted, arguments)
    return dump_start_state(parts.importer.mark_started(request, parts.interactive_deadline()))
