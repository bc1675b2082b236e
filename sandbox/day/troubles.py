"""What goes wrong over the day, on purpose, and what happens by itself: bulk, and a deploy."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sandbox.day.group import ASSEN, ZUID, ZWOLLE, Branch, Group
from sandbox.day.player import Pause, Player, Story
from sandbox.day.program import Event, Kind
from sandbox.day.records import Trouble

_NOORD = (ZWOLLE, ASSEN)
#: Beat asks each minute; here it is asked more often, as the day's clock is faster.
_BELL_EVERY_SECONDS = 2.0


class Happenings:
    def __init__(self, group: Group, player: Player) -> None:
        self._group = group
        self._player = player

    def story(self, event: Event) -> Story:
        branch = self._group.branches[event.dealer_id]
        match event.kind:
            case Kind.TOKENS:
                return self._tokens(branch)
            case Kind.DEPLOY_PEOPLE:
                return self._deploy("for people", self._group.deploy_people)
            case Kind.DEPLOY_BULK:
                return self._deploy("for bulk", self._group.deploy_bulk)
            case Kind.BULK:
                return self._due()
            case _:
                return self._fault(event, branch)

    def bell(self, until: float) -> Story:
        """What beat does."""
        while self._player.clock.minute() < until:
            self.ring()
            yield Pause(_BELL_EVERY_SECONDS * self._player.clock.minutes_per_second)

    def ring(self) -> None:
        self._group.backend.send_task("workorders.refresh_due", queue="maintenance", ignore_result=True)

    def _due(self) -> Story:
        self._group.all_due()
        self.ring()
        yield Pause(0)

    def _tokens(self, branch: Branch) -> Story:
        title, what = "Tokens expire", "All access tokens are withdrawn at once; the next answer is 401."
        with self._trouble(title, what, _dealers(branch)):
            branch.tenant.simulator.admin.expire_tokens()
            yield Pause(0)

    def _fault(self, event: Event, branch: Branch) -> Story:
        dms = branch.tenant.simulator.admin
        title, what, kind, fields = FAULTS[event.kind]
        with self._trouble(title, what, _dealers(branch)):
            fault = dms.add_fault(kind, times=None, match="api", **fields)
            yield Pause(event.lasts)
            dms.remove_fault(fault)

    def _deploy(self, whom: str, deploy: Callable[[], float]) -> Story:
        with self._trouble(f"Deploy {whom}", "", tuple(self._group.branches)) as trouble:
            with ThreadPoolExecutor(1, thread_name_prefix="deploy") as thread:
                ended = thread.submit(deploy)
                while not ended.done():
                    yield Pause(0.1)
            took = f"{ended.result():.1f} s"
            trouble.what = f"The worker {whom} gets SIGTERM under load, ends after {took}, starts anew."

    @contextmanager
    def _trouble(self, title: str, what: str, dealers: tuple[int, ...]) -> Iterator[Trouble]:
        clock = self._player.clock
        trouble = Trouble(title, what, dealers, began=clock.minute())
        self._player.journal.troubles.append(trouble)
        yield trouble
        trouble.ended = clock.minute()
        trouble.seconds = clock.seconds(trouble.ended - trouble.began)


#: Title, what happens, and the simulator's fault.
FAULTS: dict[Kind, tuple[str, str, str, dict[str, object]]] = {
    Kind.SLOW: ("Vinacles is slow", "Each answer takes 0.8 s longer.", "slow", {"seconds": 0.8}),
    Kind.ERRORS: ("Vinacles answers 503", "Every request is refused with 503.", "status", {"status": 503}),
    Kind.BUSY: (
        "Vinacles is busy",
        "Half of the requests get 429 with Retry-After: 1.",
        "status",
        {"status": 429, "retry_after": "1", "rate": 0.5},
    ),
    Kind.DOWN: (
        "Vinacles of Zuid is down",
        "Its gateway says 522: nobody behind it answers.",
        "status",
        {"status": 522},
    ),
}


def _dealers(branch: Branch) -> tuple[int, ...]:
    return (ZUID,) if branch.dealer_id == ZUID else _NOORD
