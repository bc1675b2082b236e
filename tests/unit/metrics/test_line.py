"""How long the next message of a queue waits, told from looks alone."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from worker.metrics.line import Line

#: Seconds until the next look, how many messages join in the middle of them, and how many then leave.
_STEPS = st.lists(
    st.tuples(
        st.floats(0.1, 30),
        st.integers(0, 5),
        st.integers(0, 5) | st.just(1000),
    ),
    max_size=200,
)


class Queue:
    """Messages by number and moment of joining; `now` goes on from look to look."""

    def __init__(self) -> None:
        self.now = 0.0
        self.line = Line()
        self._waiting: deque[tuple[int, float]] = deque()
        self._sent = 0
        self._last = 0

    def step(self, seconds: float, joining: int, leaving: int) -> None:
        for _ in range(joining):
            self._sent += 1
            self._waiting.append((self._sent, self.now + seconds / 2))
        for _ in range(min(leaving, len(self._waiting))):
            self._waiting.popleft()
        self.now += seconds
        there = {number for number, _ in self._waiting}
        behind = self._sent - self._last if self._last in there else None
        self.line = self.line.after(len(self._waiting), behind, self.now)
        self._last = self._sent if there else 0

    @property
    def age(self) -> float | None:
        """How long the next message has really waited."""
        return self.now - self._waiting[0][1] if self._waiting else None


@given(_STEPS)
def test_no_message_seems_older_or_much_younger_than_it_is(steps: list[tuple[float, int, int]]) -> None:
    queue = Queue()
    longest = 0.0
    for step in steps:
        queue.step(*step)
        longest = max(longest, step[0])
        since, age = queue.line.since, queue.age
        if age is None:
            assert since is None
        else:
            assert since is not None
            told = queue.now - since
            assert told <= age + 1e-6
            assert age <= max(told * 17 / 16, told + longest) + 1e-6


def test_a_queue_that_grows_for_hours_is_remembered_in_some_hundred_marks() -> None:
    line = Line()
    for second in range(1, 10_001):
        line = line.after((second + 1) // 2, None if second == 1 else 1, second)
    # Each second one joined, and each other second one left: number 5001 is the next, of second 5001.
    assert line.since is not None
    assert 5001 <= line.since <= 5001 + 5000 / 17
    assert len(line.marks) < 200


def test_what_is_put_back_before_the_others_makes_nobody_younger() -> None:
    line = Line().after(3, None, 10).after(2, 0, 20)
    assert line.after(3, 0, 30).since == 10


def test_whoever_waits_at_the_first_look_came_then() -> None:
    assert Line().after(5, None, 10).since == 10


def test_the_last_one_of_a_look_came_by_then() -> None:
    assert Line().after(1, None, 10).after(1, 0, 20).since == 10
    assert Line().after(2, None, 10).after(2, 1, 20).after(2, 1, 30).since == 20


def test_a_queue_that_others_emptied_and_filled_begins_anew() -> None:
    line = Line().after(3, None, 10).after(4, 1, 20)
    assert line.after(6, None, 30).since == 30
    assert line.after(0, None, 30).since is None
