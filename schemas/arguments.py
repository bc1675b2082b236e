"""The arguments of messages as marshmallow fields: each tells in one sentence what it must be."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import fields, validate

MAX_DEALER_ID = 2**31 - 1
MAX_SEARCH_LENGTH = 500
MAX_REQUEST_ID_LENGTH = 64
EXAMPLE_WORKORDER_ID = "0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d"
EXAMPLE_STARTED_AT = "2026-11-22T09:30:00+01:00"


def _texts(problem: str, *, codes: tuple[str, ...]) -> dict[str, Any]:
    return dict.fromkeys(("null", *codes), problem) | {"required": f"is missing; it {problem}"}


class DealerId(fields.Integer):
    def __init__(self) -> None:
        problem = "must be a whole number of 1 or more, for example 12"
        super().__init__(
            strict=True,
            required=True,
            validate=validate.Range(min=1, max=MAX_DEALER_ID, error=problem),
            error_messages=_texts(problem, codes=("invalid", "too_large")),
            metadata={"description": "Claire's own number of the dealer.", "examples": [12]},
        )


class RunId(fields.Integer):
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


class Turn(fields.Integer):
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


class WorkorderId(fields.UUID):
    def __init__(self) -> None:
        super().__init__(
            required=True,
            error_messages=_texts(
                f'must be a UUID as an earlier answer gave it, for example "{EXAMPLE_WORKORDER_ID}"',
                codes=("invalid_uuid",),
            ),
            metadata={"description": "Claire's id of the workorder.", "examples": [EXAMPLE_WORKORDER_ID]},
        )


class RequestId(fields.String):
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


class Search(fields.String):
    def __init__(self) -> None:
        problem = (
            f'must be a text of 1 to {MAX_SEARCH_LENGTH} characters as it was typed, for example "AB-12-CD"'
        )
        super().__init__(
            required=True,
            validate=validate.Length(min=1, max=MAX_SEARCH_LENGTH, error=problem),
            error_messages=_texts(problem, codes=("invalid", "invalid_utf8")),
            metadata={
                "description": "A workorder number or a license plate, in any spelling.",
                "examples": ["AB-12-CD", "2026-10442"],
            },
        )


class StartedAt(fields.AwareDateTime):
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


class Switch(fields.Boolean):
    """Off unless it is said to be on."""

    def __init__(self, description: str) -> None:
        super().__init__(
            load_default=False,
            truthy={True},
            falsy={False},
            error_messages=_texts("must be true or false", codes=("invalid",)),
            metadata={"description": description, "examples": [False]},
        )
