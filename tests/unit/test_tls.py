"""What a URL is completed with, so that a server reached over TLS must prove itself."""

import ssl
from typing import Any

import pytest
from celery import Celery
from kombu import Connection
from redis import Redis
from sqlalchemy import make_url

from worker.tls import verified_postgres, verified_rabbitmq, verified_redis

_CA = "/etc/ssl/certs/internal.pem"


@pytest.mark.parametrize("url", ["redis://:pw@redis:6379/0", "redis://cache.example.com"])
def test_a_redis_without_tls_stays_as_it_is(url: str) -> None:
    assert verified_redis(url, _CA) == url


@pytest.mark.parametrize(
    "url", ["rediss://:p%40w@cache.example.com/1", "rediss://cache.example.com/1?ssl_cert_reqs=required"]
)
def test_redis_over_tls_is_verified_by_all_three_who_read_the_url(url: str) -> None:
    verified = verified_redis(url, _CA)
    wanted = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": _CA, "ssl_check_hostname": True}
    by_kombu = Connection(verified).ssl
    backend: Any = Celery(backend=verified).backend
    by_celery = backend.connparams
    by_redis: Any = Redis.from_url(verified).connection_pool.make_connection()
    assert by_kombu == wanted
    assert {name: by_celery[name] for name in wanted} == wanted
    assert (by_redis.cert_reqs, by_redis.ca_certs, by_redis.check_hostname) == tuple(wanted.values())


def test_what_a_redis_url_says_itself_counts() -> None:
    own = "rediss://h.example.com/0?ssl_ca_certs=/own.pem&ssl_check_hostname=false"
    assert verified_redis(own, _CA) == f"{own}&ssl_cert_reqs=required"
    unverified = "rediss://h.example.com/0?ssl_cert_reqs=none"
    assert verified_redis(unverified, _CA) == unverified


@pytest.mark.parametrize("url", ["amqp://broker.example.com/claire", "rediss://cache.example.com/0"])
def test_only_rabbitmq_over_tls_needs_more_than_its_url(url: str) -> None:
    assert verified_rabbitmq(url, _CA) is False


@pytest.mark.parametrize(
    "host", ["localhost", "postgres", "127.0.0.1", "10.1.2.3", "[::1]", "", "192.168.0.9:5433"]
)
def test_a_private_postgresql_is_left_to_libpq(host: str) -> None:
    url = f"postgresql+psycopg2://u:p%40w@{host}/claire"
    assert verified_postgres(url, _CA) == url


@pytest.mark.parametrize("host", ["db.example.com", "db.example.com:5433", "8.8.8.8"])
def test_a_public_postgresql_must_prove_itself(host: str) -> None:
    verified = make_url(verified_postgres(f"postgresql+psycopg2://u:p%40w@{host}/claire", _CA))
    assert verified.query == {"sslmode": "verify-full", "sslrootcert": _CA}
    assert verified.password == "p@w"


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("sslmode=disable", {"sslmode": "disable"}),
        ("sslmode=require", {"sslmode": "require"}),
        ("sslmode=verify-ca", {"sslmode": "verify-ca", "sslrootcert": _CA}),
        ("sslrootcert=/own.pem", {"sslmode": "verify-full", "sslrootcert": "/own.pem"}),
    ],
)
def test_what_a_postgresql_url_says_itself_counts(said: str, query: dict[str, str]) -> None:
    verified = verified_postgres(f"postgresql://u@db.example.com/claire?{said}", _CA)
    assert make_url(verified).query == query
