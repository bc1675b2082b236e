"""Waiting for PostgreSQL to notify, over a connection of its own."""

import select
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection

from worker.store.failures import FOREIGN, translated
from worker.store.session import Database


class Listener:
    """Hears of one channel. A bell only: what was rung while nobody listened is not heard later, and a
    connection through a pooler that shares it per transaction hears nothing. Not to be shared by threads.

    `database` is the listener's own, since the connection stays taken.
    """

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._channel = channel
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, seconds: float, *waking: int) -> None:
        """Return when the channel was rung, one of the file descriptors `waking` can be read, or `seconds`
        have passed. Raises `StorageUnavailable` where the connection is lost; the next call connects anew.
        """
        try:
            heard = self._connected()
            ready, _, _ = select.select([heard, *waking], [], [], seconds)
            if heard in ready:
                heard.poll()
                heard.notifies.clear()
        except FOREIGN as error:
            self.close()
            raise translated(error) from None

    def close(self) -> None:
        """Give the connection up, whatever its state."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        self._database.close()

    def _connected(self) -> Any:
        if self._connection is None:
            connection = self._database.engine().connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection = connection
            connection.exec_driver_sql(f'LISTEN "{self._channel}"')
        return self._connection.connection.driver_connection
