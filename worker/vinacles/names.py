"""What a name server says of a host, within a time.

The system's resolver knows no deadline: glibc waits 5 s for each server, twice, and Python has no way to call
it back. So it is asked on a thread of its own, and whoever asked stops waiting for it in time.
"""

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

#: Names that are asked for at the same time, each by one thread. A dealer has two, mostly shared by a group.
MOST_AT_ONCE = 64

#: As `socket.getaddrinfo` answers for a host and a port.
Lookup = Callable[[str, int], Sequence[tuple[Any, ...]]]


def of_the_system(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Names:
    """Safe to share between threads; must be made after a fork.

    Who asks for a name that is asked for already waits for the same answer: however many people search, a
    name server that is silent holds one thread per name, and a try that came too early for a slow answer
    does not begin it anew. The threads are daemons: none of them holds up the process' end.
    """

    def __init__(self, lookup: Lookup = of_the_system, most_at_once: int = MOST_AT_ONCE) -> None:
        self._lookup = lookup
        self._most_at_once = most_at_once
        self._under_way: dict[tuple[str, int], Future[tuple[str, ...]]] = {}
        self._lock = threading.Lock()

    def addresses(self, host: str, port: int, seconds: float) -> tuple[str, ...]:
        """The addresses of `host`, each once, in the order in which they are to be tried.

        Raises OSError and UnicodeError like `socket.getaddrinfo`, and TimeoutError where there is no answer
        within `seconds`, or where too many other names have none yet.
        """
        return self._asked(host, port).result(max(0.0, seconds))

    def _asked(self, host: str, port: int) -> "Future[tuple[str, ...]]":
        key = host, port
        with self._lock:
            if (known := self._under_way.get(key)) is not None:
                return known
            if len(self._under_way) >= self._most_at_once:
                raise TimeoutError("too many names are being asked for")
            answer: Future[tuple[str, ...]] = Future()
            # Begun within the lock: its end, which takes the name out again, comes after what follows.
            threading.Thread(target=self._ask, args=(key, answer), name="names", daemon=True).start()
            self._under_way[key] = answer
            return answer

    def _ask(self, key: tuple[str, int], answer: "Future[tuple[str, ...]]") -> None:
        try:
            found = tuple(dict.fromkeys(str(entry[4][0]) for entry in self._lookup(*key)))
        except Exception as error:
            self._ended(key)
            answer.set_exception(error)
        else:
            self._ended(key)
            answer.set_result(found)

    def _ended(self, key: tuple[str, int]) -> None:
        with self._lock:
            del self._under_way[key]
