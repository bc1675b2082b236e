from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis
from cryptography.fernet import Fernet
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import free_port
from sandbox.services import Redis
from schemas.dealer import Connection, Dealer, Secret
from tests.unit.vinacles.bad_server import TOKEN_PATH, BadServer
from worker.deadline import Deadline
from worker.limits import Limits
from worker.retry import RetryRule
from worker.vinacles.bulk import BulkReader
from worker.vinacles.client import Asking, Client
from worker.vinacles.oauth import TokenSource
from worker.vinacles.probing import Probing
from worker.vinacles.wire import Wire, build_session
from worker.vinacles.workorders import Vinacles

DATABASE = 7
NAMING_KEY = b"naming key"


@pytest.fixture
def server() -> Iterator[BadServer]:
    """Whatever a test does, nothing but GET reaches the API, and only the token URL is posted to."""
    server = BadServer()
    yield server
    server.close()
    assert {request.method for request in server.asked} <= {"GET"}
    assert {request.method for request in server.logins} <= {"POST"}


@pytest.fixture
def redis_client(redis_server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url_of(DATABASE), socket_timeout=5) as client:
        client.flushdb()
        yield client


@pytest.fixture
def connection(server: BadServer) -> Connection:
    return Connection(server.url, server.url + TOKEN_PATH, "the audience", "the id", Secret("s3cret"))


@pytest.fixture
def dealer(connection: Connection) -> Dealer:
    return Dealer(5, "Garage Noord", connection)


@dataclass
class House:
    """The station with its parts, as the wiring builds it, but impatient; `slept` are the waits between
    tries."""

    redis_client: redis.Redis
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cipher = Fernet(Fernet.generate_key())
        self.wire = Wire(build_session(16, allow_private=True))
        self.tokens = TokenSource(self.redis_client, self.cipher, NAMING_KEY, self.wire)
        self.client = Client(self.wire, self.tokens, RetryRule(), sleep=self.slept.append, jitter=lambda: 0.0)
        self.vinacles = Vinacles(self.client, 16)
        self.probing = Probing(self.client)
        self.bulk = BulkReader(self.client)


@pytest.fixture
def house(redis_client: redis.Redis) -> Iterator[House]:
    house = House(redis_client)
    yield house
    house.vinacles.close()


@pytest.fixture
def asking(connection: Connection) -> Asking:
    return Asking(connection, Deadline.after(20))


@pytest.fixture
def unreachable() -> Iterator[redis.Redis]:
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as client:
        yield client


@pytest.fixture
def limits(redis_client: redis.Redis) -> Limits:
    return Limits(redis_client)
