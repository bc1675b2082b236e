"""`maintenance.purge`: what has been kept long enough goes, each night."""

from collections.abc import Mapping
from typing import Any

from schemas.messages import NoArguments
from tasks.base import doorway, message
from worker.deadline import Deadline
from worker.retention import SECONDS
from worker.wiring import Parts


@doorway("maintenance.purge")
def purge(arguments: Mapping[str, Any], parts: Parts, _task_id: str) -> Mapping[str, Any]:
    message(NoArguments, arguments)
    return {"purged": parts.retention().purge(Deadline.after(SECONDS))}
