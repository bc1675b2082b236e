"""Since when the next message of a queue waits, for senders that do not say when they sent it.

A queue is looked at again and again, and each look tells how long it is and how many messages have joined
behind the one that was last before. So messages have numbers, in the order in which they joined, and a look
is a *mark*: all numbers up to this one had joined by then. The next message joined before the first mark that
reaches its number, and after the mark before that.
"""

from dataclasses import dataclass
from itertools import pairwise

#: Of marks that are this much closer to each other than they are old, those in between are dropped.
_CLOSE = 1 / 16


@dataclass(frozen=True, slots=True)
class Mark:
    joined: int
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a queue: how many messages were seen to join, and its marks, the oldest first, from
    the one that reaches the next message."""

    joined: int = 0
    marks: tuple[Mark, ...] = ()

    @property
    def since(self) -> float | None:
        """The next message has waited from before this moment; None for an empty queue."""
        return self.marks[0].at if self.marks else None

    def after(self, length: int, behind: int | None, at: float) -> "Line":
        """After a look at the moment `at`, in seconds. `behind` counts the messages behind the one that was
        last at the look before; None where that one has left, and everybody before it."""
        joined = self.joined + (length if behind is None else behind)
        left = joined - length
        marks = [mark for mark in self.marks if mark.joined > left]
        if length and (not marks or marks[-1].joined < joined):
            marks.append(Mark(joined, at))
        return Line(joined, tuple(_needed(marks, at)))


def _needed(marks: list[Mark], now: float) -> list[Mark]:
    """Some hundred marks, however long the queue stands."""
    kept = marks[:1]
    for mark, following in pairwise(marks[1:]):
        if following.at - kept[-1].at > (now - following.at) * _CLOSE:
            kept.append(mark)
    return kept + marks[1:][-1:]
