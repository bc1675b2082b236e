"""A wire that can freeze: nothing is forwarded any more, and nobody is told."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Wire:
    """A TCP proxy in front of a port on loopback; a context manager.

    While it is frozen, what either end says vanishes, and new connections hear nothing. Those that were there
    then stay dead after `thaw`, as behind a firewall that has forgotten them; only new ones are forwarded.
    """

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._server = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._frozen = False
        self._age = 0
        self._open: set[socket.socket] = set()

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> int:
        """How many ends of connections are dead from now on."""
        with self._lock:
            self._frozen = True
            self._age += 1
            return len(self._open)

    def thaw(self) -> None:
        with self._lock:
            self._frozen = False
            self._age += 1

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._behind))
                with self._lock:
                    age = self._age
                    self._open |= {client, server}
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=(source, target, age), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, age: int) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if self._passes(age):
                    target.sendall(data)
        # The end of one side is news for the other, unless it vanishes as well.
        if self._passes(age):
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)
        with self._lock:
            self._open.discard(source)
            gone = target not in self._open
        if gone:
            source.close()
            target.close()

    def _passes(self, age: int) -> bool:
        with self._lock:
            return not self._frozen and age == self._age
