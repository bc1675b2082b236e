"""Is this worker, beat or server of requests alive, and does it do its work? Asked every few
seconds by containers, so nothing but the standard library is imported here.

    twodrive-health live     fails only where a restart is the cure
    twodrive-health ready    fails also where waiting is: the broker is away, or the program is starting

The program itself writes what it does into the file TWODRIVE_HEALTH_PATH (`worker.heartbeat`); here it is
judged by its age. Times are seconds of the machine's monotonic clock, which no change of the date moves.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "TWODRIVE_HEALTH_PATH"
#: The loop turns every second or two; a wait for a broker that is away is told each second as well.
LOOP_SECONDS = 60.0
#: Celery's loop can stand this long while a broker that is frozen takes connections and answers none.
STUCK_SECONDS = 240.0
#: An idle worker's question to the broker is answered every second, a lost connection noticed within 20.
POLL_SECONDS = 30.0
#: As long as nothing came for; then a restart is the cure.
DEAF_SECONDS = 180.0
#: Longer than any task may take: who is busy for longer is stuck.
BUSY_SECONDS = 400.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the program last did, and when: `loop_at` its loop turned, `polled_at` the broker answered,
    `away_since` the broker is gone, `busy_since` all slots are taken, so that nothing is asked for."""

    name: str
    loop_at: float
    polled_at: float
    away_since: float | None = None
    busy_since: float | None = None
    #: Whom it asks for work.
    asks: str = "the broker"

    def write(self, path: Path) -> None:
        """As a whole or not at all."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(path)


@dataclass(frozen=True, slots=True)
class Health:
    live: bool
    ready: bool
    text: str


def judge(pulse: Pulse, now: float) -> Health:
    """From values alone. A clock that went back means that the machine has started anew since."""
    loop = now - pulse.loop_at
    if not 0 <= loop <= LOOP_SECONDS and (pulse.away_since is None or not 0 <= loop <= STUCK_SECONDS):
        live = 0 <= loop <= STUCK_SECONDS
        return Health(live, False, f"{pulse.name} is stuck: its loop has not turned for {loop:.0f} s.")
    if pulse.away_since is not None:
        away = now - pulse.away_since
        return Health(True, False, f"{pulse.name} is alive, but {pulse.asks} is away since {away:.0f} s.")
    if pulse.busy_since is not None:
        busy = now - pulse.busy_since
        if busy > BUSY_SECONDS:
            return Health(False, False, f"{pulse.name} is stuck: all slots are taken for {busy:.0f} s.")
        return Health(True, True, f"{pulse.name} is working: all slots are taken for {busy:.0f} s.")
    silent = now - pulse.polled_at
    if silent > POLL_SECONDS:
        text = f"{pulse.name} is alive but not consuming: no answer of {pulse.asks} for {silent:.0f} s."
        return Health(silent <= DEAF_SECONDS, False, text)
    return Health(True, True, f"{pulse.name} is consuming: {pulse.asks} answered {silent:.1f} s ago.")


def health_of(path: Path, now: float) -> Health:
    try:
        pulse = Pulse(**json.loads(path.read_text()))
    except FileNotFoundError:
        # It ends by itself where it cannot start, so there is nothing to kill.
        return Health(True, False, f"Starting, or not told to write {path} (setting {VARIABLE}).")
    except (OSError, ValueError, TypeError) as error:
        return Health(True, False, f"{path} cannot be read: {type(error).__name__}.")
    return judge(pulse, now)


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """The exit code, 0 for yes, and what to say."""
    words = list(arguments) or ["ready"]
    name = environ.get(VARIABLE, "").strip()
    if words not in (["live"], ["ready"]):
        return 2, "usage: twodrive-health [live|ready]"
    if not name:
        return 2, f"{VARIABLE} is not set; the program and this check must name the same file."
    found = health_of(Path(name), time.monotonic())
    return (0 if getattr(found, words[0]) else 1), found.text


def main() -> None:
    code, text = answer(sys.argv[1:], os.environ)
    sys.stdout.write(f"{text}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
