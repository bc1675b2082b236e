"""`maintenance.purge`: what has been kept long enough goes, each night. `maintenance.look_at_columns`: what
each dealer's Vinacles lists of its columns is compared with our mapping, once a day."""

from collections.abc import Mapping
from typing import Any

from schemas.messages import NoArguments
from tasks.base import doorway, message
from worker import listing, retention
from worker.deadline import Deadline
from worker.names import TaskName
from worker.wiring import Parts


@doorway(TaskName.PURGE)
def purge(arguments: Mapping[str, Any], parts: Parts, _task_id: str) -> Mapping[str, Any]:
    message(NoArguments, arguments)
    return {"purged": parts.retention().purge(Deadline.after(retention.SECONDS))}


@doorway(TaskName.LOOK_AT_COLUMNS)
def look_at_columns(arguments: Mapping[str, Any], parts: Parts, _task_id: str) -> Mapping[str, Any]:
    message(NoArguments, arguments)
    return {"looked": dict(parts.listing.look_at_due(Deadline.after(listing.SECONDS)))}
