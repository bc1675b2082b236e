"""`workorders.why`: the backend shows why a workorder is not there."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from schemas.messages import WhyRequest
from schemas.why import dump_why
from tasks.base import doorway, message
from worker.names import TaskName
from worker.wiring import Parts


@doorway(TaskName.WHY)
def why(arguments: Mapping[str, Any], parts: Parts, _task_id: str) -> Mapping[str, Any]:
    request = message(WhyRequest, arguments)
    with nullcontext() if request.offline else parts.shares.share(request.dealer_id):
        return dump_why(parts.inquiry.why(request, parts.interactive_deadline()))
