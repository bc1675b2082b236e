"""Names and certificates between us and a dealer's Vinacles, below HTTP."""

import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from worker.vinacles.addresses import resolved
from worker.vinacles.names import Names

_SECONDS = 10
_HTTPS, _HTTP = 443, 80


@dataclass(frozen=True, slots=True)
class Host:
    """A server of a dealer's record; without `tls` it is this machine."""

    name: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return self.name if self.port == (_HTTPS if self.tls else _HTTP) else f"{self.name}:{self.port}"


def host_of(url: str) -> Host:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    return Host(parts.hostname or "", parts.port or (_HTTPS if tls else _HTTP), tls)


def addresses(host: Host, *, allow_private: bool) -> tuple[str, ...]:
    """None at all where the name is unknown or no name server answers. Raises ConfigurationError where the
    worker would not connect to one of them."""
    try:
        return _resolved(host, allow_private=allow_private)
    except (OSError, UnicodeError):
        return ()


def certificate_ends(host: Host, ca_bundle: str | None, *, allow_private: bool) -> datetime | None:
    """When the server's certificate expires, trusting whom the worker trusts; None without TLS.

    Raises `ssl.SSLCertVerificationError` where it is not trusted, OSError where no connection came about,
    ConfigurationError where the worker would not connect.
    """
    first, *_ = _resolved(host, allow_private=allow_private)
    with closing(socket.create_connection((first, host.port), _SECONDS)) as connected:
        if not host.tls:
            return None
        context = ssl.create_default_context(cafile=ca_bundle or DEFAULT_CA_BUNDLE_PATH)
        with context.wrap_socket(connected, server_hostname=host.name) as secure:
            certificate = cast("dict[str, Any]", secure.getpeercert())
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _resolved(host: Host, *, allow_private: bool) -> tuple[str, ...]:
    return resolved(Names(), host.name, host.port, _SECONDS, tls=host.tls, allow_private=allow_private)
