"""What the backend may ask: a frozen value beside its marshmallow schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields, validate

MAX_DEALER_ID = 2**31 - 1
MAX_SEARCH_LENGTH = 500
MAX_REQUEST_ID_LENGTH = 64
EXAMPLE_WORKORDER_ID = "0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d"
EXAMPLE_STARTED_AT = "2026-11-22T09:30:00+01:00"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`search` is as typed, so it may hold anything, also personal data: it is left out of the repr."""

    dealer_id: int
    search: str = field(repr=False)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """`workorder_id` is Claire's own, as `schemas.workorder.workorder_id` gives it."""

    dealer_id: int
    workorder_id: UUID
    request_id: str | None = None


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


def _texts(problem: str, *, codes: tuple[str, ...]) -> dict[str, Any]:
    return dict.fromkeys(("null", *codes), problem) | {"required": f"is missing; it {problem}"}


class _DealerId(fields.Integer):
    def __init__(self) -> None:
        problem = "must be a whole number of 1 or more, for example 12"
        super().__init__(
            strict=True,
            required=True,
            validate=validate.Range(min=1, max=MAX_DEALER_ID, error=problem),
            error_messages=_texts(problem, codes=("invalid", "too_large")),
            metadata={"description": "Claire's own number of the dealer.", "examples": [12]},
        )


class _RunId(fields.Integer):
    def __init__(self) -> None:
        problem = "must be the run_id of an earlier answer, for example 4711"
        super().__init__(
            strict=True,
            load_default=None,
            allow_none=True,
            validate=validate.Range(min=1, max=2**63 - 1, error=problem),
            error_messages=_texts(problem, codes=("invalid", "too_large")),
            metadata={"description": "A run of this dealer; a new one without it.", "examples": [4711]},
        )


class _Turn(fields.Integer):
    def __init__(self) -> None:
        problem = "must be left out: the workers set it when they wake each other"
        super().__init__(
            strict=True,
            load_default=None,
            allow_none=True,
            validate=validate.Range(min=0, max=2**31 - 1, error=problem),
            error_messages=_texts(problem, codes=("invalid", "too_large")),
            metadata={"description": "Which of the run's turns it is; for workers alone.", "examples": [3]},
        )


class _WorkorderId(fields.UUID):
    def __init__(self) -> None:
        super().__init__(
            required=True,
            error_messages=_texts(
                f'must be a UUID as an earlier answer gave it, for example "{EXAMPLE_WORKORDER_ID}"',
                codes=("invalid_uuid",),
            ),
            metadata={"description": "Claire's id of the workorder.", "examples": [EXAMPLE_WORKORDER_ID]},
        )


class _RequestId(fields.String):
    def __init__(self) -> None:
        problem = (
            f"must be a text of 1 to {MAX_REQUEST_ID_LENGTH} printable ASCII characters without spaces, "
            'for example "req-7f3a"'
        )
        super().__init__(
            load_default=None,
            allow_none=True,
            validate=[
                validate.Length(min=1, max=MAX_REQUEST_ID_LENGTH, error=problem),
                validate.Regexp(r"^[!-~]*$(?!\n)", error=problem),
            ],
            error_messages=_texts(problem, codes=("invalid", "invalid_utf8")),
            metadata={
                "description": "Returned in the answer and written to the logs.",
                "examples": ["req-7f3a"],
            },
        )


class _Search(fields.String):
    def __init__(self) -> None:
        problem = (
            f'must be a text of 1 to {MAX_SEARCH_LENGTH} characters as it was typed, for example "AB-12-CD"'
        )
        super().__init__(
            required=True,
            validate=validate.Length(min=1, max=MAX_SEARCH_LENGTH, error=problem),
            error_messages=_texts(problem, codes=("invalid", "invalid_utf8")),
            metadata={
                "description": "A workorder number or a licence plate, in any spelling.",
                "examples": ["AB-12-CD", "2026-10442"],
            },
        )


class _StartedAt(fields.AwareDateTime):
    _PROBLEM = (
        "must be a moment between 2000 and 2100 in ISO 8601 with an offset from UTC, "
        f'for example "{EXAMPLE_STARTED_AT}"'
    )

    def __init__(self) -> None:
        super().__init__(
            format="iso",
            required=True,
            error_messages=_texts(self._PROBLEM, codes=("invalid", "format"))
            | {"invalid_awareness": f"has no offset from UTC; it {self._PROBLEM}"},
            metadata={
                "description": "When the work started, in ISO 8601 with an offset from UTC.",
                "examples": [EXAMPLE_STARTED_AT],
            },
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **kwargs)
        if not 2000 <= moment.year <= 2100:
            raise self.make_error("invalid")
        return moment.astimezone(UTC)


class _MessageSchema(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "is not an argument of this task"}  # noqa: RUF012 (marshmallow's declaration)


class ImportRequestSchema(_MessageSchema):
    """Arguments of the task `workorders.import`."""

    dealer_id = _DealerId()
    search = _Search()
    request_id = _RequestId()


class RefreshRequestSchema(_MessageSchema):
    """Arguments of the task `workorders.refresh`."""

    dealer_id = _DealerId()
    workorder_id = _WorkorderId()
    request_id = _RequestId()


class MarkStartedSchema(_MessageSchema):
    """Arguments of the task `workorders.mark_started`."""

    dealer_id = _DealerId()
    workorder_id = _WorkorderId()
    started_at = _StartedAt()


class RefreshDealerSchema(_MessageSchema):
    """Arguments of the task `workorders.refresh_dealer`."""

    dealer_id = _DealerId()
    run_id = _RunId()
    turn = _Turn()


class WhyRequestSchema(_MessageSchema):
    """Arguments of the task `workorders.why`."""

    dealer_id = _DealerId()
    search = _Search()
    offline = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        error_messages=_texts("must be true or false", codes=("invalid",)),
        metadata={"description": "Answer without asking the DMS.", "examples": [False]},
    )
    request_id = _RequestId()


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
