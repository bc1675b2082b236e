"""A real PostgreSQL that has no TLS, where TLS is demanded."""

import pytest

from worker.errors import ConfigurationError
from worker.store.session import Database, Limits
from worker.tls import verified_postgres


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls_is_refused_with_the_next_step(database_url: str, mode: str) -> None:
    url = verified_postgres(f"{database_url}?sslmode={mode}", None)
    database = Database(url, "twodrive-test", Limits(pool_size=1))
    with pytest.raises(ConfigurationError, match="did not prove itself") as raised, database.transaction():
        pass
    assert "sslmode=disable" in raised.value.next_step
    database.close()
