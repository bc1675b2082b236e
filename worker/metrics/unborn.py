"""Which counters are told as 0 before anything was counted.

Prometheus sees no increase in the first sample of a series, however large: 300 workorders that one run
rejects for a reason that nobody ever had would not be noticed. All labels are of closed lists; tasks by their
results are left out, since they are a thousand series and alerts look at their shares, not at their births.
"""

from collections.abc import Mapping, Sequence
from itertools import product

from schemas.outcome import Outcome
from worker.counting import EXPIRED, OUTCOMES, REFUSED, REQUESTS, Family
from worker.names import QueueName, TaskName
from worker.refusals import Refusal
from worker.store.columns import Trigger
from worker.store.quarantine import REJECTIONS
from worker.vinacles.counted import CALLS, RESULTS

_ENDED = [
    *((outcome.value, "") for outcome in Outcome if outcome not in (Outcome.REJECTED, Outcome.NOT_FOUND)),
    *((Outcome.REJECTED.value, reason.value) for reason in REJECTIONS),
]

UNBORN: Mapping[Family, Sequence[tuple[str, ...]]] = {
    OUTCOMES: [(trigger.value, *ended) for trigger, ended in product(Trigger, _ENDED)],
    REQUESTS: list(product(CALLS, RESULTS)),
    EXPIRED: [(task.value,) for task in TaskName if task.queue is QueueName.INTERACTIVE],
    REFUSED: [(refusal.value,) for refusal in Refusal],
}
