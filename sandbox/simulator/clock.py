"""The simulator's own clock: seconds since it started, movable forward so that nobody has to wait."""

import time


class Clock:
    def __init__(self) -> None:
        self._zero = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._zero

    def advance(self, seconds: float) -> None:
        self._zero -= seconds
