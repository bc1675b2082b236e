"""Which counters are told as 0 before anything was counted.

Prometheus sees no increase in the first sample of a series, however large: 300 workorders that one run
rejects for a reason that nobody ever had would not be noticed. All labels are of closed lists; of tasks by
their results, which are a thousand series, only those are told that an alert counts.
"""

from collections.abc import Mapping, Sequence
from itertools import product

from schemas.outcome import Outcome
from worker.counting import EXPIRED, OUTCOMES, REFUSED, REQUESTS, ROWS, TASKS, Family
from worker.errors import ErrorCode
from worker.names import QueueName, TaskName
from worker.refusals import Refusal
from worker.store.columns import Trigger
from worker.store.quarantine import REJECTIONS
from worker.vinacles.counted import CALLS, RESULTS

#: What people ask for, and how it ends where the fault is ours; without its answers a share of failures would
#: begin too high.
IMPORTS = (TaskName.IMPORT.value, TaskName.REFRESH.value, ROWS)
OUR_FAULTS = (
    ErrorCode.INTERNAL,
    ErrorCode.CONFIGURATION,
    ErrorCode.STORAGE_UNAVAILABLE,
    ErrorCode.WORKER_LOST,
)
_ENDED = [
    *((outcome.value, "") for outcome in Outcome if outcome not in (Outcome.REJECTED, Outcome.NOT_FOUND)),
    *((Outcome.REJECTED.value, reason.value) for reason in REJECTIONS),
]

UNBORN: Mapping[Family, Sequence[tuple[str, ...]]] = {
    OUTCOMES: [(trigger.value, *ended) for trigger, ended in product(Trigger, _ENDED)],
    REQUESTS: list(product(CALLS, RESULTS)),
    EXPIRED: [*((task.value,) for task in TaskName if task.queue is QueueName.INTERACTIVE), (ROWS,)],
    REFUSED: [(refusal.value,) for refusal in Refusal],
    TASKS: list(product(IMPORTS, ("answered", *(code.value for code in OUR_FAULTS)))),
}
