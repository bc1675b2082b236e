"""Requests that the backend wrote as rows, worked off by the line of any other import."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from schemas.messages import ImportRequest, InvalidMessage, Message, RefreshRequest, load
from schemas.texts import is_plain_id
from worker import unforeseen
from worker.asking_once import AskingOnce
from worker.counting import EXPIRED, ROWS, TASKS, Counters
from worker.deadline import Deadline
from worker.errors import ErrorCode, FatalError, MessageInvalid, RetryableError, TwoDriveError
from worker.retry import RetryRule, retrying
from worker.store import requests as rows
from worker.store.quarantine import list_lost_request
from worker.store.request_tables import RequestKind
from worker.store.requests import TakenRequest, Told
from worker.store.session import Database
from worker.telemetry import Telemetry

#: So often may a request end its process; the next time it has failed.
MOST_LOSSES = 3
#: What a lease is longer than the work: time to write the answer, also while PostgreSQL restarts.
_ANSWERING_SECONDS = 15.0

_log = structlog.get_logger(__name__)


class ImportRequests:
    """Takes requests and answers them. Safe to share between threads; `owner` names this process."""

    def __init__(
        self,
        database: Database,
        asking_once: AskingOnce,
        rule: RetryRule,
        work_seconds: float,
        telemetry: Telemetry,
        counters: Counters,
    ) -> None:
        self._database = database
        self._asking_once = asking_once
        self._rule = rule
        self._work_seconds = work_seconds
        self._telemetry = telemetry
        self._counters = counters
        self._owner = uuid4().hex

    def take(
        self, limit: int, *, suspects: bool = False, without_dealers: Sequence[int] = ()
    ) -> list[TakenRequest]:
        """Requests that are to be worked on now, each by `work`. Raises `StorageUnavailable`."""
        lease_seconds = self._work_seconds + _ANSWERING_SECONDS
        with self._database.transaction() as connection:
            return rows.take(
                connection,
                self._owner,
                limit,
                lease_seconds,
                suspects=suspects,
                without_dealers=without_dealers,
            )

    def drop_late(self) -> None:
        """End the requests whose time is over. Raises `StorageUnavailable`."""
        with self._database.transaction() as connection:
            dropped = rows.drop_late(connection, _expired())
        for request in dropped:
            _log.warning("import_request_dropped", import_request=request.id)
            if request.untried:
                self._counters.add(EXPIRED, ROWS)
            else:
                self._counters.observe(TASKS, ROWS, ErrorCode.REQUEST_EXPIRED.value, seconds=0)

    def work(self, request: TakenRequest) -> None:
        """Answer a taken request, or let it wait for another try. Nothing is raised: what cannot be written
        now is tried again by whoever takes the request when its lease has run out."""
        bound = structlog.contextvars.bound_contextvars(
            import_request=request.id,
            # What is no plain id may be anybody's data.
            request_id=request.request_id if is_plain_id(request.request_id) else None,
            dealer_id=request.dealer_id,
            lost=request.lost,
        )
        began = time.monotonic()
        with bound, self._telemetry.work(ROWS):
            result = self._tried(request)
        self._counters.observe(TASKS, ROWS, result, seconds=time.monotonic() - began)

    def _tried(self, request: TakenRequest) -> str:
        """How this try ended: `answered` or an error code."""
        try:
            return self._work(request)
        except TwoDriveError as error:
            _log.error("import_request_unanswered", code=error.code.value)
            return error.code.value
        except Exception as error:
            _log.error("import_request_unanswered", kind=type(error).__name__, at=unforeseen.places(error))
            return ErrorCode.INTERNAL.value

    def _work(self, request: TakenRequest) -> str:
        if (refusal := not_to_be_tried(request)) is not None:
            return self._fail(request, refusal)
        try:
            answer = self._answer(request)
        except RetryableError as error:
            pause = error.retry_after_seconds or 0.0
            told = Told(error.code, error.text, error.next_step)
            self._written(lambda c: rows.postpone(c, request.id, self._owner, told, pause))
            _log.warning("import_request_postponed", code=error.code.value)
            return error.code.value
        except TwoDriveError as error:
            return self._fail(request, Told(error.code, error.text, error.next_step), error)
        except Exception as error:
            _log.error(
                "import_request_failed_unexpectedly", kind=type(error).__name__, at=unforeseen.places(error)
            )
            _, text, next_step = unforeseen.told(error)
            return self._fail(request, Told(ErrorCode.INTERNAL, text, next_step), error)
        self._written(lambda c: rows.answer(c, request.id, self._owner, answer))
        _log.info("import_request_answered", outcomes=[w["outcome"] for w in answer["workorders"]])
        return "answered"

    def _answer(self, request: TakenRequest) -> Mapping[str, Any]:
        deadline = Deadline.after(min(self._work_seconds, request.seconds_left))
        task_id = f"import_requests/{request.id}"
        match request.kind:
            case RequestKind.IMPORT:
                return self._asking_once.search(_message(ImportRequest, request), task_id, deadline)
            case RequestKind.REFRESH:
                return self._asking_once.refresh(_message(RefreshRequest, request), task_id, deadline)
        raise _invalid('`kind` must be "import" or "refresh".')

    def _fail(self, request: TakenRequest, told: Told, error: Exception | None = None) -> str:
        self._telemetry.failed(told.code, error or FatalError(told.code, told.text, told.next_step))

        def fail(connection: Connection) -> bool:
            held = rows.fail(connection, request.id, self._owner, told)
            if held and told.code is ErrorCode.WORKER_LOST:
                # The importer, which lists what fails, never came to its end.
                list_lost_request(connection, request.id)
            return held

        self._written(fail)
        _log.warning("import_request_failed", code=told.code.value)
        return told.code.value

    def _written(self, write: Callable[[Connection], bool]) -> None:
        def attempt() -> None:
            with self._database.transaction() as connection:
                if not write(connection):
                    _log.warning("import_request_lease_lost")

        retrying(attempt, self._rule, Deadline.after(_ANSWERING_SECONDS))


def not_to_be_tried(request: TakenRequest) -> Told | None:
    """Why a request is ended without being worked on, None where it is to be worked on."""
    if request.lost >= MOST_LOSSES:
        return _lost()
    if request.seconds_left <= 0:
        return _expired()
    return None


def _message(kind: type[Message], request: TakenRequest) -> Message:
    columns = {
        "dealer_id": request.dealer_id,
        "search": request.search,
        "workorder_id": None if request.workorder_id is None else str(request.workorder_id),
        "request_id": request.request_id,
    }
    try:
        return load(kind, {name: value for name, value in columns.items() if value is not None})
    except InvalidMessage as error:
        raise _invalid(str(error)) from None


def _invalid(text: str) -> MessageInvalid:
    return MessageInvalid(
        ErrorCode.MESSAGE_INVALID, text, "Correct what is written to import_requests; see docs/backend.md."
    )


def _expired() -> Told:
    code = ErrorCode.REQUEST_EXPIRED
    return Told(code, "Its time was over before an answer could be had.", code.next_step)


def _lost() -> Told:
    code = ErrorCode.WORKER_LOST
    return Told(code, f"It was tried {MOST_LOSSES} times, and each time the process ended.", code.next_step)
