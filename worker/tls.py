"""Connections to PostgreSQL, Redis and RabbitMQ over TLS prove whom they lead to; to the first two, unless a
URL says otherwise.

What a URL leaves out is added to it, since it is the one thing that SQLAlchemy, redis-py and Celery all read.
For RabbitMQ, py-amqp reads nothing of it from a URL.
"""

import ssl
from ipaddress import ip_address
from typing import Any

from sqlalchemy import make_url


def verified_redis(url: str, ca_bundle: str | None) -> str:
    """A `rediss://` URL that demands a certificate for its host; any other as it is."""
    if not url.startswith("rediss://"):
        return url
    wanted = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}
    if ca_bundle:
        wanted["ssl_ca_certs"] = ca_bundle
    said = _query_of(url)
    if said.get("ssl_cert_reqs", "required").lower().removeprefix("cert_") != "required":
        wanted = {}
    missing = [f"{name}={value}" for name, value in wanted.items() if name not in said]
    return url + ("&" if "?" in url else "?") + "&".join(missing) if missing else url


def verified_rabbitmq(url: str, ca_bundle: str | None) -> dict[str, Any] | bool:
    """For Celery's `broker_use_ssl`, which `amqps://` needs; False for any other URL.

    Without a name to compare with, py-amqp takes every certificate of a trusted authority; kombu puts the
    URL's host in the place of the None.
    """
    if not url.startswith("amqps://"):
        return False
    trusted = {"ca_certs": ca_bundle} if ca_bundle else {}
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None, **trusted}


def verified_postgres(url: str, ca_bundle: str | None) -> str:
    """A URL with `sslmode=verify-full` where its host is public and it says no mode of its own.

    Within a machine or a private network, as Docker Compose makes one, libpq decides (TLS where the server
    has it, unverified)."""
    parsed = make_url(url)
    said = parsed.query
    mode = said.get("sslmode", "prefer" if _is_private(parsed.host) else "verify-full")
    wanted = {"sslmode": str(mode)}
    bundle = ca_bundle or ssl.get_default_verify_paths().cafile
    if bundle and mode in ("verify-ca", "verify-full"):
        wanted["sslrootcert"] = bundle
    if "sslmode" not in said and mode == "prefer":
        return url
    return parsed.set(query={**wanted, **said}).render_as_string(hide_password=False)


def _query_of(url: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in url.partition("?")[2].split("&"))
    return {name: value for name, _, value in pairs if name}


def _is_private(host: str | None) -> bool:
    """This machine, a private network's address, or a name without a dot, which no public host has."""
    if not host or host.startswith("/"):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host
