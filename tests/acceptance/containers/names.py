"""A name server on loopback, as Docker has one in each network; what a name leads to may change meanwhile."""

import socket
import struct
import threading
from collections.abc import Mapping
from ipaddress import IPv4Address

_NO_SUCH_NAME = 0x8183
_ANSWER = 0x8180
#: Docker's own answers hold for ten minutes.
_SECONDS = 600


class Names:
    """Answers questions for IPv4 addresses (RFC 1035, 4.1) until it is left."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = dict(addresses)
        self._server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._server.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Names":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # An empty question ends it: a close would not wake who waits.
        self._server.sendto(b"", self._server.getsockname())
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while True:
            question, asker = self._server.recvfrom(4096)
            if not question:
                return
            self._server.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        labels, at = [], 12
        while size := question[at]:
            labels.append(question[at + 1 : at + 1 + size].decode())
            at += 1 + size
        asked = question[12 : at + 5]
        address = self.addresses.get(".".join(labels))
        if address is None:
            return question[:2] + struct.pack(">5H", _NO_SUCH_NAME, 1, 0, 0, 0) + asked
        # The name is the question's, at byte 12; its type and class are A and IN.
        found = struct.pack(">3HIH", 0xC00C, 1, 1, _SECONDS, 4) + IPv4Address(address).packed
        return question[:2] + struct.pack(">5H", _ANSWER, 1, 1, 0, 0) + asked + found
