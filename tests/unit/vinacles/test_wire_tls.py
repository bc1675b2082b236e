"""Certificates that are trusted, and those that are not."""

import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deadlines import soon
from tests.unit.vinacles.bad_server import BadServer
from tests.unit.vinacles.wires import connection_to, drip_body, wire_with
from worker.errors import ConfigurationError, VinaclesUnavailable


@pytest.fixture
def secure_server(tmp_path: Path) -> Iterator[tuple[BadServer, str]]:
    """A server with a certificate of its own making, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = BadServer(tls=context)
    yield server, str(pem)
    server.close()


def test_tls_with_a_trusted_certificate_ends_with_the_deadline_too(
    secure_server: tuple[BadServer, str],
) -> None:
    server, pem = secure_server
    connection = connection_to(server.url.replace("127.0.0.1", "localhost"))
    with closing(wire_with(pem)) as wire:
        assert wire.get(connection, "/", {}, soon()).status == 200
        server.api = drip_body
        with pytest.raises(VinaclesUnavailable, match="in time"):
            wire.get(connection, "/", {}, soon(0.5))


@pytest.mark.parametrize("trusted", [False, True])
def test_an_unknown_or_wrongly_named_certificate_is_a_configuration_error(
    secure_server: tuple[BadServer, str], trusted: bool
) -> None:
    server, pem = secure_server
    with (
        closing(wire_with(pem if trusted else None)) as wire,
        pytest.raises(ConfigurationError, match="certificate"),
    ):
        wire.get(connection_to(server.url), "/", {}, soon())
    assert server.requests == []
