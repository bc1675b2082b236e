"""What a name server says of a dealer's host is judged like what its URL spells out, and waited for no longer
than a connection."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest

from schemas.dealer import Connection, Secret
from tests.unit.vinacles.bad_server import BadServer
from worker.deadline import Deadline
from worker.errors import ConfigurationError, Trouble, VinaclesUnavailable
from worker.vinacles.names import Names
from worker.vinacles.wire import Wire, build_session

CONNECTION = Connection(
    "https://noord.example", "https://login.example/oauth/token", "noord", "claire", Secret("s3cret")
)
Lookup = Callable[..., list[tuple[object, ...]]]


def answering(*addresses: str, port: int = 443) -> Lookup:
    """A name server that gives `addresses` for each name, and the system's answer for addresses."""
    real = socket.getaddrinfo

    def lookup(host: str, *arguments: object, **options: object) -> list[tuple[object, ...]]:
        if not host.endswith(".example"):
            return list(real(host, *arguments, **options))  # type: ignore[arg-type]  # passed on as they came
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    return lookup


@pytest.mark.parametrize(
    "names",
    [
        ("127.0.0.1",),
        ("93.184.215.14", "127.0.0.1"),
        ("::ffff:127.0.0.1",),
        ("0.0.0.0",),  # noqa: S104  nothing is bound
        ("169.254.169.254",),
        ("::1",),
        ("fe80::1%2",),
        ("64:ff9b::7f00:1",),
        ("fd00:ec2::254",),
        ("10.0.0.1", "93.184.215.14"),
    ],
)
def test_a_name_that_leads_to_this_machine_is_not_connected_to(
    server: BadServer, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering(*names))
    port = int(server.url.rpartition(":")[2])
    connection = replace(
        CONNECTION, base_url=f"https://noord.example:{port}", token_url=f"https://login.example:{port}/t"
    )
    with closing(Wire(build_session(1))) as wire:
        with pytest.raises(ConfigurationError, match="private network"):
            wire.get(connection, "/", {"Authorization": "Bearer t"}, Deadline.after(5))
        with pytest.raises(ConfigurationError, match="private network") as caught:
            wire.request_token(connection, Deadline.after(5))
    assert caught.value.__context__ is None
    assert server.connections == 0


def test_a_name_server_is_asked_once_so_that_it_cannot_change_its_mind(
    server: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is judged; a second, of 127.0.0.1, would be connected to."""
    asked: list[str] = []
    public, here = answering("203.0.114.9"), answering("127.0.0.1")

    def rebinding(host: str, *arguments: object, **options: object) -> list[tuple[object, ...]]:
        if host.endswith(".example"):
            asked.append(host)
        return (public if len(asked) <= 1 else here)(host, *arguments, **options)

    tried: list[object] = []

    def no_network(self: socket.socket, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    with closing(Wire(build_session(1))) as wire, pytest.raises(Exception, match="cannot be reached"):
        wire.get(CONNECTION, "/", {}, Deadline.after(5))
    assert asked == ["noord.example"]
    assert tried == [("203.0.114.9", 443)]


def test_plain_http_to_a_name_of_this_machine_that_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))],
    )
    with (
        closing(Wire(build_session(1, allow_private=True))) as wire,
        pytest.raises(ConfigurationError, match="private network"),
    ):
        wire.get(replace(CONNECTION, base_url="http://localhost"), "/", {}, Deadline.after(5))


def test_any_number_of_dead_addresses_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"203.0.114.{number}" for number in range(1, 200)]
    monkeypatch.setattr(socket, "getaddrinfo", answering(*many))
    tried = 0
    clock = [0.0]

    def slow(self: socket.socket, _address: object) -> None:
        nonlocal tried
        tried += 1
        clock[0] += self.gettimeout() or 1_000
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", slow)
    with (
        closing(Wire(build_session(1), connect_seconds=3)) as wire,
        pytest.raises(Exception, match="in time"),
    ):
        wire.get(CONNECTION, "/", {}, Deadline(10, lambda: clock[0]))
    assert tried == 4
    assert clock == [10.0]


@dataclass
class Silent:
    """A name server that says nothing until `speaks` is set; `asked` are the names it was asked for."""

    speaks: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int) -> list[tuple[object, ...]]:
        self.asked.append(host)
        self.speaks.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.114.9", port))]


@pytest.fixture
def silent() -> Iterator[Silent]:
    silent = Silent()
    yield silent
    silent.speaks.set()


@pytest.mark.parametrize(("connect_seconds", "deadline_seconds"), [(0.2, 60), (60, 0.2)])
def test_a_silent_name_server_is_waited_for_no_longer_than_a_connection(
    silent: Silent, connect_seconds: float, deadline_seconds: float
) -> None:
    deadline = Deadline.after(deadline_seconds)
    session = build_session(1, lookup=silent)
    with closing(Wire(session, connect_seconds=connect_seconds)) as wire:
        with pytest.raises(VinaclesUnavailable, match="in time") as caught:
            wire.get(CONNECTION, "/", {}, deadline)
        with pytest.raises(VinaclesUnavailable, match="in time"):
            wire.request_token(CONNECTION, Deadline.after(min(deadline_seconds, 5)))
    # Who had no fair time knows nothing about Vinacles.
    assert caught.value.trouble is (Trouble.TIMEOUT if deadline_seconds == 60 else None)
    assert (deadline.remaining() > 30) is (deadline_seconds == 60)
    assert silent.asked == ["noord.example", "login.example"]


def test_a_name_is_asked_for_once_however_many_wait_and_a_late_answer_is_of_use(silent: Silent) -> None:
    names = Names(silent)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            names.addresses("noord.example", 443, 0.01)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(names.addresses, "noord.example", 443, 30) for _ in range(8)]
        silent.speaks.set()
        assert [one.result() for one in waiting] == [("203.0.114.9",)] * 8
    assert silent.asked == ["noord.example"]
    # An answer is kept for nobody: the name server says how long it holds, and the system knows.
    assert names.addresses("noord.example", 443, 30) == ("203.0.114.9",)
    assert silent.asked == ["noord.example"] * 2


def test_one_silent_name_leaves_the_others_be() -> None:
    speaks = threading.Event()

    def lookup(host: str, port: int) -> list[tuple[object, ...]]:
        if host == "zuid.example":
            speaks.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.114.9", port))]

    names = Names(lookup, most_at_once=2)
    try:
        with pytest.raises(TimeoutError):
            names.addresses("zuid.example", 443, 0.01)
        assert names.addresses("noord.example", 443, 30) == ("203.0.114.9",)
    finally:
        speaks.set()


def test_no_more_names_are_asked_for_than_may_be_at_once(silent: Silent) -> None:
    names = Names(silent, most_at_once=2)
    for host in ("a.example", "b.example", "c.example"):
        with pytest.raises(TimeoutError):
            names.addresses(host, 443, 0.01)
    assert silent.asked == ["a.example", "b.example"]


def test_what_the_name_server_refuses_is_told_to_whoever_asked() -> None:
    def unknown(_host: str, _port: int) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    names = Names(unknown)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            names.addresses("noord.example", 443, 30)
