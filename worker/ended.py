"""What became of workorders, for whoever counts it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from schemas.outcome import Outcome, Reason
from worker.counting import OUTCOMES, Counters
from worker.store.columns import Trigger
from worker.store.pages import PageItem, Refused

#: How many workorders had an outcome, and its reason where it has one.
Ended = Mapping[tuple[Outcome, Reason | None], int]
Tell = Callable[[Trigger, Ended], None]


def ended(items: Iterable[PageItem]) -> Ended:
    return Counter((item.outcome, item.reason if isinstance(item, Refused) else None) for item in items)


def nobody(_trigger: Trigger, _ended: Ended) -> None:
    """Where nobody counts."""


def counting(counters: Counters) -> Tell:
    def tell(trigger: Trigger, ended: Ended) -> None:
        for (outcome, reason), number in ended.items():
            counters.add(
                OUTCOMES, trigger.value, outcome.value, reason.value if reason else "", amount=number
            )

    return tell
