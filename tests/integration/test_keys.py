"""Keys are changed while workers run: nothing is lost on the way, and then the old key is not needed."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import redis
from cryptography.fernet import Fernet, MultiFernet

from sandbox.services import Redis
from schemas.dealer import Secret
from tests.integration.store.conftest import DEALER
from tests.unit.vinacles.bad_server import TOKEN_PATH, BadServer
from worker.deadline import Deadline
from worker.errors import ConfigurationError
from worker.keys import Keys
from worker.store.dealers import Dealers
from worker.store.session import Database
from worker.vinacles.oauth import TokenSource
from worker.vinacles.wire import Wire, build_session

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
_STATE = 9


@pytest.fixture
def state(redis_server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url_of(_STATE)) as client:
        client.flushdb()
        yield client


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, "twodrive-tests")
    yield database
    database.close()


@pytest.fixture
def server() -> Iterator[BadServer]:
    server = BadServer()
    yield server
    server.close()


def cipher(*keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def add_dealer(database: Database, dealer_id: int, key: str) -> None:
    with database.transaction() as connection:
        Dealers(cipher(key)).add(connection, replace(DEALER, dealer_id=dealer_id))


def keys(database: Database, state: redis.Redis, *given: str) -> Keys:
    return Keys([Secret(key) for key in given], database, state)


def secret_of(database: Database, dealer_id: int, *given: str) -> str:
    with database.transaction() as connection:
        loaded = Dealers(cipher(*given)).load(connection, dealer_id)
    assert loaded
    return loaded.dealer.connection.client_secret.reveal()


def test_after_a_rotation_the_old_key_may_go(database: Database, state: redis.Redis) -> None:
    add_dealer(database, 7, OLD)
    add_dealer(database, 8, NEW)
    rotating = keys(database, state, NEW, OLD)
    before = rotating.status()
    assert [(use.client_secrets, use.removable) for use in before.keys] == [(1, False), (1, False)]
    assert before.to_rotate == 1
    done = rotating.rotate()
    assert (done.client_secrets, done.tokens, done.unreadable_dealers) == (1, 0, ())
    assert [(use.client_secrets, use.removable) for use in rotating.status().keys] == [(2, False), (0, True)]
    assert secret_of(database, 7, NEW) == secret_of(database, 8, NEW) == "very secret"
    with pytest.raises(ConfigurationError):
        secret_of(database, 7, OLD)


def test_a_second_rotation_changes_not_one_byte(database: Database, state: redis.Redis) -> None:
    add_dealer(database, 7, OLD)
    rotating = keys(database, state, NEW, OLD)

    def row() -> object:
        with database.transaction() as connection:
            return connection.exec_driver_sql("SELECT xmin::text, d::text FROM dealers d").all()

    rotating.rotate()
    before = row()
    again = rotating.rotate()
    assert (again.client_secrets, again.tokens) == (0, 0)
    assert row() == before


def test_what_no_key_reads_is_named_and_left_alone(database: Database, state: redis.Redis) -> None:
    add_dealer(database, 7, LOST)
    add_dealer(database, 8, OLD)
    rotating = keys(database, state, NEW, OLD)
    done = rotating.rotate()
    assert (done.client_secrets, done.unreadable_dealers) == (1, (7,))
    assert rotating.status().unreadable_dealers == (7,)
    assert secret_of(database, 7, LOST) == "very secret"


def source(state: redis.Redis, naming: bytes, wire: Wire, *given: str) -> TokenSource:
    return TokenSource(state, cipher(*given), naming, wire)


def test_a_token_lives_on_with_the_new_key_as_long_as_before(
    database: Database, state: redis.Redis, server: BadServer
) -> None:
    connection = replace(DEALER.connection, token_url=server.url + TOKEN_PATH)
    with closing(Wire(build_session(2, allow_private=True))) as wire:
        bought = source(state, b"n", wire, OLD).get(connection, Deadline.after(5))
        [name] = state.keys("twodrive:token:*")
        lives = state.pttl(name)
        assert keys(database, state, NEW, OLD).rotate().tokens == 1
        assert state.pttl(name) <= lives
        assert state.pttl(name) > lives - 60_000
        kept = source(state, b"n", wire, NEW).get(connection, Deadline.after(5))
        assert kept.access_token == bought.access_token
        assert len(server.logins) == 1


def test_without_the_old_key_tokens_have_other_names_and_are_bought_once_more(
    database: Database, state: redis.Redis, server: BadServer
) -> None:
    connection = replace(DEALER.connection, token_url=server.url + TOKEN_PATH)
    with closing(Wire(build_session(2, allow_private=True))) as wire:
        source(state, b"of the old key", wire, NEW, OLD).get(connection, Deadline.after(5))
        keys(database, state, NEW, OLD).rotate()
        for _ in range(3):
            source(state, b"of the new key", wire, NEW).get(connection, Deadline.after(5))
        assert len(server.logins) == 2
        assert keys(database, state, NEW).status().keys[0].tokens == 2
        assert all(state.pttl(name) > 0 for name in state.keys("twodrive:token:*"))


def test_locks_and_marks_beside_the_tokens_are_no_tokens(database: Database, state: redis.Redis) -> None:
    state.set("twodrive:token:ab:refused", b"1")
    state.set("twodrive:token:ab:lock", b"x")
    state.set("twodrive:token:cd", b"nonsense")
    found = keys(database, state, NEW).status()
    assert (found.keys[0].tokens, found.unreadable_tokens) == (0, 1)
    assert keys(database, state, NEW).rotate().tokens == 0
    assert state.get("twodrive:token:cd") == b"nonsense"
