"""The only place where bytes leave for Vinacles: GET below a dealer's base URL, POST to its token URL."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from urllib.parse import urlsplit

import requests

from schemas.dealer import Connection
from worker.deadline import Deadline
from worker.vinacles.addresses import check_host
from worker.vinacles.failures import FOREIGN, bad_address, of_exception, out_of_time, refused, unreadable
from worker.vinacles.names import Lookup, Names, of_the_system
from worker.vinacles.patience import PatientAdapter, within
from worker.vinacles.query import MOST_URL_BYTES

#: Of a body, unpacked; a page of 5,000 lines has about 1 MiB.
MOST_BODY_BYTES = 16 * 1024 * 1024
#: Of what is no page: a token, or what is said about an error.
_MOST_SMALL_BYTES = 64 * 1024
#: Of everything that is no body: the headers, how the body is cut into chunks.
_MOST_OTHER_BYTES = 1024 * 1024
#: We ask for gzip; what is packed in another way, or several times, is not unpacked.
_KNOWN_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip"})
_CHUNK_BYTES = 64 * 1024
_PRINTABLE = re.compile(r"[!-\[\]-~]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `body` is None when it was longer than we hold; `started_at` is on the Deadline's
    clock, just before the request was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    started_at: float


class Session(requests.Session):
    """`allow_private` says that dealers' URLs may lead to private addresses."""

    allow_private = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nothing is followed, and no Location is looked at or its body read for it."""


def build_session(
    parallel: int,
    ca_bundle: str | None = None,
    *,
    allow_private: bool = False,
    lookup: Lookup = of_the_system,
) -> Session:
    """One session per process, for `parallel` threads: no proxies or logins from the environment, no
    cookies, no redirects, no private addresses unless `allow_private`. `ca_bundle` is a file of certificates
    to trust instead of the built-in ones; `lookup` is asked for the addresses of names."""
    # Their lines at DEBUG and WARNING repeat whole URLs, and with them what somebody searched for.
    for name in ("connection", "connectionpool", "response"):
        logging.getLogger(f"urllib3.{name}").setLevel(logging.ERROR)
    session = Session()
    session.allow_private = allow_private
    session.trust_env = False
    session.verify = ca_bundle or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update(
        {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"twodrive-claire/{version('twodrive-claire')}",
        }
    )
    adapter = PatientAdapter(
        Names(lookup), pool_connections=parallel, pool_maxsize=parallel, allow_private=allow_private
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class Wire:
    """`read_seconds` bounds the silence between two pieces of an answer, the Deadline the whole of it."""

    def __init__(
        self,
        session: Session,
        *,
        connect_seconds: float = 3.0,
        read_seconds: float = 10.0,
        most_body_bytes: int = MOST_BODY_BYTES,
    ) -> None:
        self._session = session
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._most_body_bytes = most_body_bytes

    def get(
        self, connection: Connection, target: str, headers: Mapping[str, str], deadline: Deadline
    ) -> Reply:
        """GET `target`, a path and query below the dealer's base URL."""
        url = self._checked(connection.base_url).rstrip("/") + target
        if len(url.encode()) >= MOST_URL_BYTES:
            raise refused("The request would be too long for Vinacles.")
        return self._exchange("GET", url, headers, None, deadline, self._most_body_bytes)

    def request_token(self, connection: Connection, deadline: Deadline) -> Reply:
        """POST the dealer's login to its token URL (RFC 6749, 4.4; `audience` is Auth0's)."""
        form = {
            "grant_type": "client_credentials",
            "client_id": connection.client_id,
            "client_secret": connection.client_secret.reveal(),
            "audience": connection.audience,
        }
        url = self._checked(connection.token_url)
        return self._exchange("POST", url, {}, form, deadline, _MOST_SMALL_BYTES)

    def close(self) -> None:
        self._session.close()

    def _checked(self, url: str) -> str:
        return checked_url(url, allow_private=self._session.allow_private)

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
        deadline: Deadline,
        most_bytes: int,
    ) -> Reply:
        started_at, left = deadline.clock(), deadline.remaining()
        if left <= 0:
            raise out_of_time()
        try:
            with (
                within(deadline, most_bytes + _MOST_OTHER_BYTES),
                self._session.request(
                    method,
                    url,
                    headers=headers,
                    data=form,
                    timeout=(min(self._connect_seconds, left), min(self._read_seconds, left)),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = _body(response, most_bytes)
                return Reply(response.status_code, response.headers, body, started_at)
        except FOREIGN as error:
            failure = of_exception(error, left)
        # Raised outside of `except`: the foreign error names the URL and must not travel along as context.
        raise failure


def _body(response: requests.Response, most_bytes: int) -> bytes | None:
    """The body, unpacked; None where it is longer than we hold, or cannot matter."""
    page = response.status_code == 200
    if response.headers.get("Content-Encoding", "").strip().lower() not in _KNOWN_ENCODINGS:
        if page:
            raise unreadable()
        return None
    most = most_bytes if page else _MOST_SMALL_BYTES
    body = bytearray()
    for chunk in response.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def checked_url(url: str, *, allow_private: bool = False) -> str:
    """The URL, if it is no more than scheme, host, port and path, and its host may be asked (`check_host`).

    Raises ConfigurationError otherwise. Addresses behind a name are looked at when it is connected to.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise bad_address() from None
    if parts.scheme not in {"http", "https"} or not host or not _PRINTABLE.fullmatch(url):
        raise bad_address()
    # A host that is written in escapes is not what it looks like, and a zone belongs to one machine.
    if "%" in host or any(character in url for character in "@?#"):
        raise bad_address()
    check_host(host, tls=parts.scheme == "https", allow_private=allow_private)
    return url
