"""What the backend may ask: a frozen value beside its marshmallow schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError

from schemas.arguments import DealerId, RequestId, RunId, Search, StartedAt, Switch, Turn, WorkorderId

_FRESH = "Ask the DMS anew, also where somebody was answered the same a moment ago."


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`search` is as typed, so it may hold anything, also personal data: it is left out of the repr. With
    `fresh` an answer that somebody else just got does not do."""

    dealer_id: int
    search: str = field(repr=False)
    request_id: str | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """`workorder_id` is Claire's own, as `schemas.workorder.workorder_id` gives it."""

    dealer_id: int
    workorder_id: UUID
    request_id: str | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class MarkStarted:
    """`started_at` is in UTC."""

    dealer_id: int
    workorder_id: UUID
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshDealer:
    """Without `run_id` a run is started, or the dealer's open one joined. With `turn` nobody waits for an
    answer: a worker is woken for that turn of the run."""

    dealer_id: int
    run_id: int | None = None
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class WhyRequest:
    """`search` as for ImportRequest; `offline` answers from what is stored alone."""

    dealer_id: int
    search: str = field(repr=False)
    offline: bool = False
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class NoArguments:
    """The message of the schedule: nothing but its name."""


class InvalidMessage(ValueError):
    """`problems` gives per argument what is wrong with it; no text repeats what was sent."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return " ".join(f"`{name}` {problem}." for name, found in self.problems.items() for problem in found)


class _MessageSchema(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "is not an argument of this task"}  # noqa: RUF012 (marshmallow's declaration)


class ImportRequestSchema(_MessageSchema):
    """Arguments of the task `workorders.import`."""

    dealer_id = DealerId()
    search = Search()
    request_id = RequestId()
    fresh = Switch(_FRESH)


class RefreshRequestSchema(_MessageSchema):
    """Arguments of the task `workorders.refresh`."""

    dealer_id = DealerId()
    workorder_id = WorkorderId()
    request_id = RequestId()
    fresh = Switch(_FRESH)


class MarkStartedSchema(_MessageSchema):
    """Arguments of the task `workorders.mark_started`."""

    dealer_id = DealerId()
    workorder_id = WorkorderId()
    started_at = StartedAt()


class RefreshDealerSchema(_MessageSchema):
    """Arguments of the task `workorders.refresh_dealer`."""

    dealer_id = DealerId()
    run_id = RunId()
    turn = Turn()


class WhyRequestSchema(_MessageSchema):
    """Arguments of the task `workorders.why`."""

    dealer_id = DealerId()
    search = Search()
    offline = Switch("Answer without asking the DMS.")
    request_id = RequestId()


class NoArgumentsSchema(_MessageSchema):
    """Arguments of `workorders.refresh_due` and of the tasks called `maintenance`: none."""


Message = TypeVar(
    "Message", ImportRequest, RefreshRequest, MarkStarted, RefreshDealer, WhyRequest, NoArguments
)

_SCHEMAS: dict[type, Schema] = {
    ImportRequest: ImportRequestSchema(),
    RefreshRequest: RefreshRequestSchema(),
    MarkStarted: MarkStartedSchema(),
    RefreshDealer: RefreshDealerSchema(),
    WhyRequest: WhyRequestSchema(),
    NoArguments: NoArgumentsSchema(),
}


def load(kind: type[Message], arguments: Mapping[str, object]) -> Message:
    """The message as a value, for example `load(ImportRequest, kwargs)`.

    Raises InvalidMessage naming every wrong, missing or unknown argument.
    """
    try:
        return kind(**cast("dict[str, Any]", _SCHEMAS[kind].load(arguments)))
    except ValidationError as error:
        raise InvalidMessage(_problems(cast("dict[str, list[str]]", error.messages))) from None


def _problems(messages: dict[str, list[str]]) -> dict[str, list[str]]:
    """One sentence per argument; a name that is no identifier may hold anything, so it is not repeated."""
    problems: dict[str, list[str]] = {}
    for name, found in messages.items():
        shown = name if name.isidentifier() and len(name) <= 40 else "(another argument)"
        problems[shown] = list(dict.fromkeys(found))
    return problems
