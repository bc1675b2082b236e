"""Putting on record that an attempt failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from worker.attempt import Attempt
from worker.deadline import Deadline
from worker.errors import ErrorCode, FatalError, TwoDriveError
from worker.store.attempts import record_failure
from worker.store.quarantine import list_failure
from worker.store.session import Database

#: How long a failure may take to be put on record.
_RECORD_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Record:
    """Safe to share between threads."""

    def __init__(self, database: Database, version: str) -> None:
        self._database = database
        self._version = version

    @contextmanager
    def of_failures(self, attempt: Attempt, workorder: UUID | None = None) -> Iterator[None]:
        """What is raised inside is put on record and raised further."""
        try:
            yield
        except TwoDriveError as error:
            self._put(attempt, error.code, workorder, final=isinstance(error, FatalError))
            raise
        except Exception:
            self._put(attempt, ErrorCode.INTERNAL, workorder, final=True)
            raise

    def _put(self, attempt: Attempt, code: ErrorCode, workorder: UUID | None, *, final: bool) -> None:
        """A failure that trying again would not mend also goes to quarantine."""
        dealer_id, lineage = attempt.dealer.dealer_id, attempt.lineage(attempt.tally.requests, self._version)
        try:
            # The person waits still: what cannot be put on record at once is not.
            with self._database.transaction(Deadline.after(_RECORD_SECONDS)) as connection:
                record_failure(connection, dealer_id, code, lineage, workorder)
                if final:
                    list_failure(connection, dealer_id, code, lineage, workorder)
        except TwoDriveError as unrecorded:
            # The first error is the one to tell; that it is not on record is for the operators.
            _log.warning("failure_not_recorded", code=code.value, because=unrecorded.code.value)
