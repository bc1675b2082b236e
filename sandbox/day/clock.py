"""The day's clock: played minutes since opening time, as many to a real second as it is told."""

import time
from dataclasses import dataclass, field

OPENS_AT = 8


@dataclass(frozen=True, slots=True)
class PlayedClock:
    minutes_per_second: float
    _began: float = field(default_factory=time.monotonic)

    def minute(self) -> float:
        """Played minutes since the doors opened."""
        return self.minute_of(time.monotonic())

    def minute_of(self, moment: float) -> float:
        """The same for a moment of `time.monotonic`."""
        return (moment - self._began) * self.minutes_per_second

    def seconds(self, minutes: float) -> float:
        """How long so many played minutes really take."""
        return minutes / self.minutes_per_second


def shown(minute: float) -> str:
    """On a clock's face: 95.5 is 09:35."""
    whole = int(minute)
    return f"{OPENS_AT + whole // 60:02}:{whole % 60:02}"
