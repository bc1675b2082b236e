"""A PostgreSQL server that takes connections over TLS alone, from the programs of the distribution: those of
the Python wheel are built without TLS."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from sandbox.processes import Program, free_port

_PASSWORD = "over-tls-alone"
_ONLY_TLS = "hostssl all all 127.0.0.1/32 scram-sha-256\n"


def installed() -> Path | None:
    """The folder with the newest server's programs, where Debian puts them."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return max((path.parent for path in found), key=lambda path: float(path.parent.name), default=None)


@contextmanager
def running(programs: Path, folder: Path, files: tuple[Path, Path]) -> Iterator[int]:
    """Its port. `files` are the certificate that it presents, and the key."""
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    data, port = _initialised(programs, folder, user), free_port()
    for file in files:
        file.chmod(0o600)
        if user is not None:
            os.chown(file, user, user)
    settings = {"ssl": "on", "ssl_cert_file": files[0], "ssl_key_file": files[1], "fsync": "off"}
    server = Program(
        "PostgreSQL over TLS",
        [
            *(str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", ""),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ],
        folder / "postgres.log",
        user=user,
        cwd=folder,
    )
    try:
        server.wait_ready(lambda: _answers(port))
        yield port
    finally:
        server.stop()


def _initialised(programs: Path, folder: Path, user: int | None) -> Path:
    """The folder of a new server's data, which is `user`'s where it cannot be ours."""
    data, password = folder / "data", folder / "password"
    password.write_text(_PASSWORD)
    data.mkdir(mode=0o700)
    if user is not None:
        for path in (folder, data, password):
            os.chown(path, user, user)
    options = ("-D", str(data), "-U", "postgres", "--pwfile", str(password), "-A", "scram-sha-256")
    subprocess.run(
        [str(programs / "initdb"), *options, "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd=folder,
    )
    (data / "pg_hba.conf").write_text(_ONLY_TLS)
    return data


def url_of(port: int, host: str, *options: str) -> str:
    """The server at any name: libpq connects to loopback, and holds the certificate against the name."""
    query = "&".join(("hostaddr=127.0.0.1", *options))
    return f"postgresql+psycopg2://postgres:{_PASSWORD}@{host}:{port}/postgres?{query}"


def _answers(port: int) -> bool:
    url = url_of(port, "localhost", "sslmode=require").replace("+psycopg2", "")
    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True
