"""TLS in front of a server that has none: a proxy on loopback."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


@contextmanager
def tls_front(port: int, files: tuple[Path, Path]) -> Iterator[int]:
    """The port of a proxy that speaks TLS, and plainly with `port` behind it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with ExitStack() as left, socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, context, port, left), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, context: ssl.SSLContext, port: int, left: ExitStack) -> None:
    with suppress(OSError):
        while True:
            plain, _ = server.accept()
            threading.Thread(target=_serve, args=(plain, context, port, left), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, port: int, left: ExitStack) -> None:
    """A TLS socket must not be read and written by two threads at once: a lock and short waits."""
    with suppress(OSError), context.wrap_socket(plain, server_side=True) as client:
        behind = left.enter_context(socket.create_connection(("127.0.0.1", port)))
        client.settimeout(0.01)
        behind.settimeout(0.01)
        while True:
            for source, target in ((client, behind), (behind, client)):
                with suppress(TimeoutError):
                    data = source.recv(65_536)
                    if not data:
                        return
                    target.sendall(data)
