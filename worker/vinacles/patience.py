"""HTTP connections to permitted addresses, whose answers end with a Deadline, however slowly they arrive, and
after a number of bytes, however fast.

A socket's timeout begins anew with every byte, so a server that drips its headers, chunk sizes or body would
hold a reader for hours. Here every read is given only what is left of the Deadline.
"""

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

from worker.deadline import Deadline
from worker.vinacles.addresses import resolved
from worker.vinacles.names import Names


@dataclass(frozen=True, slots=True)
class _Bounds:
    deadline: Deadline
    most_bytes: int


_current: ContextVar[_Bounds] = ContextVar("bounds")


@contextmanager
def within(deadline: Deadline, most_bytes: int) -> Iterator[None]:
    """Answers read in this block, by this thread, end with `deadline`, and each after `most_bytes` of what
    comes over the wire, packed, with headers and all."""
    token = _current.set(_Bounds(deadline, most_bytes))
    try:
        yield
    finally:
        _current.reset(token)


class _Reader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, bounds: _Bounds) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = bounds.deadline
        self._bytes_left = bounds.most_bytes
        self._stall_seconds = sock.gettimeout() or bounds.deadline.remaining()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.remaining()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        if self._bytes_left <= 0:
            raise OSError("more bytes than any answer of ours has")
        self._sock.settimeout(min(self._stall_seconds, left))
        received = self._raw.readinto(buffer)
        self._bytes_left -= received or 0
        return received

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, _current.get()))


class _Connection(HTTPConnection):
    response_class = _Response
    tls = False

    def __init__(self, *args: Any, names: Names, allow_private: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self._names = names
        self._allow_private = allow_private

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers. urllib3's own would ask the name server again."""
        failure = OSError("the name has no address")
        for address in self._addresses():
            try:
                return create_connection(
                    (address, self.port), self._seconds(), socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
        raise failure

    def _addresses(self) -> tuple[str, ...]:
        """A silent name server is waited for like a silent address: no longer than for one connection."""
        return resolved(
            self._names,
            self._dns_host,
            self.port,
            self._seconds(),
            tls=self.tls,
            allow_private=self._allow_private,
        )

    def _seconds(self) -> float:
        """For one more try to connect: a name may have any number of addresses that do not answer."""
        left = _current.get().deadline.remaining()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return min(self.timeout, left) if isinstance(self.timeout, int | float) else left


class _SecureConnection(_Connection, HTTPSConnection):
    tls = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class PatientAdapter(HTTPAdapter):
    """Transport for a requests.Session; usable only inside `within`. With `allow_private` it connects to any
    address with TLS, and to this machine without."""

    def __init__(self, names: Names, *, allow_private: bool = False, **options: Any) -> None:
        self._own: dict[str, Any] = {"names": names, "allow_private": allow_private}
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        pools: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: partial(pool, **self._own) for scheme, pool in pools.items()
        }
