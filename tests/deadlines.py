"""Deadlines that tests need not think about."""

from worker.deadline import Deadline


def soon(seconds: float = 20) -> Deadline:
    return Deadline.after(seconds)
