"""Recognizable people, and where to listen for them and for secrets."""

import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import InvalidToken, MultiFernet
from redis import Redis

from worker.vinacles.tokens import Issued

NAME, PLATE, TITLE = "Kanarievogel", "KN-123-R", "Zangzaad vervangen"
PEOPLE = {
    "LastName": NAME,
    "PhoneBusiness": "06-43218765",
    "EmailBusiness": "piet@kanarie.example.com",
    "FirstName": "Goudhaan",
    "PhonePrivate": "06-43218766",
    "EmailPrivate": "privé@kanarie.example.com",
    "Street": "Volièrestraat 12",
}
#: As they were planted, as they are kept, and as a log might write them.
_PERSONAL = (
    *PEOPLE.values(),
    *(PLATE, PLATE.replace("-", ""), TITLE, "43218765", "0643218766", "kanarie", "voli\\u00e8restraat"),
)
_BODY = re.compile(r'"body": "([A-Za-z0-9+/=]+)"')


@dataclass
class Nest:
    """What was found, by where; `secrets` must not be there either."""

    secrets: list[str]
    found: dict[str, str] = field(default_factory=dict)

    def put(self, where: str, what: object) -> None:
        """With the bodies of messages, which Celery encodes."""
        said = str(what)
        bodies = (b64decode(body).decode(errors="replace") for body in _BODY.findall(said))
        self.found[where] = "\n".join([self.found.get(where, ""), said, *bodies])

    def sung(self) -> list[tuple[str, str]]:
        """Each place with the canary that was heard there."""
        return [
            (where, canary)
            for where, what in self.found.items()
            for canary in (*_PERSONAL, *self.secrets)
            if canary.lower() in what.lower()
        ]


@contextmanager
def overheard(server: Redis, nest: Nest) -> Iterator[None]:
    """Everything that is published meanwhile: events of workers, answers to those who wait."""
    done = threading.Event()
    subscriber: Any = server
    with subscriber.pubsub() as listening:
        listening.psubscribe("*")

        def listen() -> None:
            while not done.is_set():
                heard = listening.get_message(timeout=0.1)
                if heard:
                    nest.put("published in Redis", heard["data"])

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def kept(server: Redis) -> str:
    """All names and values of one database."""
    readers: dict[Any, Any] = {
        b"string": server.get,
        b"hash": server.hgetall,
        b"list": lambda name: server.lrange(name, 0, -1),
        b"set": server.smembers,
        b"zset": lambda name: server.zrange(name, 0, -1),
    }
    return "\n".join(
        f"{name!r} {readers[server.type(name)](name)!r}" for name in server.scan_iter("*", count=1000)
    )


def tokens(server: Redis, cipher: MultiFernet) -> list[str]:
    """The access tokens that the workers share."""
    kept: list[Any] = [
        server.get(name) for name in server.scan_iter("twodrive:token:*") if server.type(name) == b"string"
    ]
    found = []
    for stamp in kept:
        with suppress(InvalidToken):  # beside a token lie marks and locks
            found.append(Issued.unpacked(cipher.decrypt(stamp)).access_token.reveal())
    return found
