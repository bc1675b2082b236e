"""What every doorway does the same way: keyword arguments only, one answer or one stable error, no personal
data in what Celery shows."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from celery import Task
from celery.exceptions import Ignore, Retry
from celery.worker.request import Request

from schemas.arguments import MAX_DEALER_ID
from schemas.messages import InvalidMessage, Message, load
from schemas.texts import is_plain_id
from tasks.shares import put_off
from worker import unforeseen, wiring
from worker.app import app
from worker.counting import EXPIRED, TASKS
from worker.errors import DealerBusy, ErrorCode, MessageInvalid, TwoDriveError
from worker.names import TaskName
from worker.telemetry import Telemetry

_log = structlog.get_logger(__name__)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class TaskFailed(Exception):
    """What the backend receives of a failed task: `args` are the stable code, what happened, what to do."""

    def __init__(self, code: str, text: str, next_step: str) -> None:
        super().__init__(code, text, next_step)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]} {self.args[2]}"


class DiscreetRequest(Request):
    """Shows identifiers alone in logs, events and Flower, whatever the sender wrote there: what a person
    typed in the search bar may be a license plate. Tells that it is dropped when nobody took it in time."""

    # Attributes of Celery's class that its stubs leave out.
    _payload: Any
    _request_dict: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = _shown(self._payload)
        self._argsrepr = self._request_dict["argsrepr"] = "()"
        self._kwargsrepr = self._request_dict["kwargsrepr"] = shown

    def maybe_expire(self) -> Literal[True] | None:
        """True at most once. A message does not say when it was sent, hence the time since its end."""
        expired = super().maybe_expire()
        if expired:
            late = datetime.now(UTC) - self.expires.astimezone(UTC)
            seconds = round(late.total_seconds(), 1)
            _log.warning("message_expired", task=self.name, task_id=self.id, seconds_late=seconds)
            wiring.process_wide.counters().add(EXPIRED, self.name)
        return expired

    def info(self, safe: bool = False) -> Any:
        """For `celery inspect` and Flower; by default Celery gives them the arguments themselves."""
        return super().info(safe=True)


def _shown(payload: Any) -> str:
    """The identifiers among a message's keyword arguments, written as a dict."""
    arguments = payload[1] if isinstance(payload, list | tuple) and len(payload) > 1 else None
    if not isinstance(arguments, Mapping):
        return "{}"
    hidden = {name: "…" for name in ("search", "started_at") if name in arguments}
    return repr({**_identifiers(arguments), **hidden})


def _identifiers(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those arguments that are identifiers and look like it: a plate could stand in their place."""
    return {name: arguments[name] for name, fits in _IDENTIFIERS.items() if fits(arguments.get(name))}


def _is_dealer_id(value: object) -> bool:
    return type(value) is int and 0 < value <= MAX_DEALER_ID


def _is_run_id(value: object) -> bool:
    return type(value) is int and value > 0


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


_IDENTIFIERS: Mapping[str, Callable[[object], bool]] = {
    "dealer_id": _is_dealer_id,
    "workorder_id": _is_uuid,
    "run_id": _is_run_id,
    "request_id": is_plain_id,
}


class Doorway(Task):  # type: ignore[type-arg]  # generic in the stubs alone
    """Options of all tasks. Where a task says nothing else, a person waits, and the queue repeats nothing."""

    abstract = True
    Request = "tasks.base:DiscreetRequest"
    # The doorway says what is wrong with the arguments; Celery's own check would be a bare TypeError.
    typing = False
    max_retries = 0
    # Told to the backend and logged here; without this, Celery adds a traceback at ERROR to each.
    throws = (TaskFailed,)

    def __call__(self, /, *args: Any, **arguments: Any) -> Any:
        """Celery's own stumbles over an argument that is called `self`."""
        return self.run(*args, **arguments)


Body = Callable[[Mapping[str, Any], wiring.Parts, str], Mapping[str, Any]]


def doorway(task: TaskName, **options: Any) -> Callable[[Body], Any]:
    """Register `body(arguments, parts, task_id) -> answer` as `task`; `options` are Celery's."""
    name = task.value

    def register(body: Body) -> Any:
        def run(self: Task[..., Any], /, *args: Any, **arguments: Any) -> dict[str, Any]:
            identifiers = _identifiers(arguments)
            bound = structlog.contextvars.bound_contextvars(task=name, task_id=self.request.id, **identifiers)
            # Of a sender that traces; Celery makes a message's headers attributes of the request.
            work = _telemetry().work(name, getattr(self.request, "traceparent", None))
            with bound, _counted(name), work:
                return _answer(self, body, args, arguments)

        as_task: Any = app.task(name=name, base=Doorway, bind=True, **options)
        return as_task(run)

    return register


@contextmanager
def _counted(task: str) -> Iterator[None]:
    began = time.monotonic()
    result = "answered"
    try:
        yield
    except (Ignore, Retry):
        result = "handed_on"
        raise
    except TaskFailed as failed:
        result = failed.args[0]
        raise
    finally:
        with suppress(TwoDriveError):  # of the settings; told as the task's own error
            counters = wiring.process_wide().counters
            counters.observe(TASKS, task, result, seconds=time.monotonic() - began)


def _telemetry() -> Telemetry:
    try:
        return wiring.process_wide().telemetry
    except TwoDriveError:  # of the settings; told as the task's own error
        return Telemetry()


def _answer(
    task: Task[..., Any], body: Body, args: tuple[Any, ...], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        if args:
            raise _positional()
        answer = dict(body(arguments, wiring.process_wide(), str(task.request.id)))
    except Ignore:
        # Somebody else will answer under this task's id.
        raise
    except TwoDriveError as error:
        if isinstance(error, DealerBusy):
            put_off(task, error)
        _log.warning("task_failed", code=error.code.value, text=error.text)
        _telemetry().failed(error.code, error)
        raise TaskFailed(error.code.value, error.text, error.next_step) from None
    except Exception as error:
        # The text of an unforeseen exception may hold data, so only its kind and place are kept.
        _log.error("task_failed_unexpectedly", kind=type(error).__name__, at=unforeseen.places(error))
        _telemetry().failed(ErrorCode.INTERNAL, error)
        raise TaskFailed(*unforeseen.told(error)) from None
    _log.info("task_answered", **_summary(answer))
    return answer


def message(kind: type[Message], arguments: Mapping[str, Any]) -> Message:
    """The message as a value; `MessageInvalid` names everything that is wrong with it."""
    try:
        return load(kind, arguments)
    except InvalidMessage as error:
        raise MessageInvalid(
            ErrorCode.MESSAGE_INVALID, str(error), "Correct the message; docs/schemas has its JSON Schema."
        ) from None


def _positional() -> MessageInvalid:
    return MessageInvalid(
        ErrorCode.MESSAGE_INVALID,
        "Positional arguments were given; this task takes keyword arguments only.",
        'Send kwargs={"dealer_id": 12, …} instead of args=[…].',
    )


def _summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Outcomes and numbers of an answer, for the log."""
    workorders = answer.get("workorders")
    for counts in ("purged", "looked"):
        if counts in answer:
            return {counts: answer[counts]}
    if workorders is None:
        return {"state": answer.get("state")}
    return {
        "outcomes": [entry["outcome"] for entry in workorders],
        "reasons": [entry["reason"] for entry in workorders if entry["reason"]],
        "dms_numbers": [entry["dms_number"] for entry in workorders if entry["dms_number"]],
    }
