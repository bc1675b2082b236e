"""What a worker takes from a queue and cannot use is dropped; here is why, and it is counted."""

from enum import StrEnum

from worker import wiring
from worker.counting import REFUSED


class Refusal(StrEnum):
    """The log's event is `message_` and this. Part of the metrics: may be added to, never renamed."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    OF_WRONG_SHAPE = "of_wrong_shape"
    OF_UNKNOWN_FORMAT = "of_unknown_format"
    OF_UNKNOWN_TASK = "of_unknown_task"
    REFUSED = "refused"
    UNDECODABLE = "undecodable"


def count(refusal: Refusal) -> None:
    """In the process that takes messages, which with forked children works on none itself."""
    wiring.process_wide.counters().add(REFUSED, refusal.value)
