"""Certificates as a real TLS server shows them."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import create_server

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from worker.cli.network import Host, addresses, certificate_ends, host_of
from worker.errors import ConfigurationError

ENDS = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)
Serve = Callable[[str], tuple[Host, str]]


def _certificate(folder: Path, name: str) -> Path:
    """A file with a certificate of 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ENDS - timedelta(days=20))
        .not_valid_after(ENDS)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(name)` starts a TLS server and returns where it is and its certificate's file."""
    with ExitStack() as running:

        def start(name: str) -> tuple[Host, str]:
            path = _certificate(tmp_path, name)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path)
            server = running.enter_context(create_server(("127.0.0.1", 0)))

            def handshake() -> None:
                connection, _ = server.accept()
                with (
                    connection,
                    suppress(OSError),
                    context.wrap_socket(connection, server_side=True) as secure,
                ):
                    secure.recv(1)

            thread = threading.Thread(target=handshake)
            thread.start()
            running.callback(thread.join)
            return Host("127.0.0.1", server.getsockname()[1], tls=True), str(path)

        yield start


def test_when_a_trusted_certificate_ends(serve: Serve) -> None:
    host, bundle = serve("vinacles")
    assert certificate_ends(host, bundle, allow_private=True) == ENDS


def test_a_certificate_that_nobody_vouches_for(serve: Serve) -> None:
    host, _ = serve("vinacles")
    with pytest.raises(ssl.SSLCertVerificationError):
        certificate_ends(host, None, allow_private=True)


def test_nobody_listens() -> None:
    with pytest.raises(OSError, match="refused"):
        certificate_ends(Host("127.0.0.1", 1, tls=False), None, allow_private=True)


@pytest.mark.parametrize(
    ("url", "host", "shown"),
    [
        ("https://noord.example", Host("noord.example", 443, tls=True), "noord.example"),
        ("https://noord.example:8443/x", Host("noord.example", 8443, tls=True), "noord.example:8443"),
        ("http://localhost/x", Host("localhost", 80, tls=False), "localhost"),
        ("http://127.0.0.1:8085", Host("127.0.0.1", 8085, tls=False), "127.0.0.1:8085"),
    ],
)
def test_where_a_url_leads(url: str, host: Host, shown: str) -> None:
    assert host_of(url) == host
    assert str(host) == shown


def test_addresses_of_this_machine_and_of_impossible_names() -> None:
    assert addresses(Host("127.0.0.1", 80, tls=False), allow_private=True) == ("127.0.0.1",)
    assert addresses(Host("x" * 64 + ".example", 443, tls=True), allow_private=False) == ()


def test_a_host_that_workers_would_not_connect_to_is_not_connected_to_here_either(serve: Serve) -> None:
    host, bundle = serve("vinacles")
    with pytest.raises(ConfigurationError, match="private network"):
        addresses(host, allow_private=False)
    with pytest.raises(ConfigurationError, match="private network"):
        certificate_ends(host, bundle, allow_private=False)
    certificate_ends(host, bundle, allow_private=True)
