"""How a command ends: its exit code, what happened, and what to do."""

from enum import IntEnum
from typing import IO, Any

import click

from worker.errors import ErrorCode, TwoDriveError


class Exit(IntEnum):
    """The exit codes, the same for every command."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "Exit":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = (0, "done; what only deserves attention counts as done")
    FAILED = (1, "failed: a check or the task failed, or the command was interrupted")
    USAGE = (2, "wrong usage: an option or argument is missing or cannot be understood")
    CONFIGURATION = (3, "a setting or a dealer's record is missing or wrong; somebody must change it")
    NO = (4, "the answer is no: unknown, taken, or a workorder rejected, not found or held")
    UNAVAILABLE = (5, "temporarily unavailable: try again in a minute")


_OF_CODE: dict[str, Exit] = {
    ErrorCode.MESSAGE_INVALID: Exit.USAGE,
    ErrorCode.DEALER_UNKNOWN: Exit.NO,
    ErrorCode.WORKORDER_UNKNOWN: Exit.NO,
    ErrorCode.DEALER_PAUSED: Exit.CONFIGURATION,
    ErrorCode.CONFIGURATION: Exit.CONFIGURATION,
    ErrorCode.VINACLES_LOGIN_FAILED: Exit.CONFIGURATION,
    ErrorCode.VINACLES_NOT_ALLOWED: Exit.CONFIGURATION,
    ErrorCode.VINACLES_REFUSED: Exit.FAILED,
    ErrorCode.SCHEMA_DRIFT: Exit.CONFIGURATION,
    ErrorCode.VINACLES_UNAVAILABLE: Exit.UNAVAILABLE,
    ErrorCode.VINACLES_CIRCUIT_OPEN: Exit.UNAVAILABLE,
    ErrorCode.STORAGE_UNAVAILABLE: Exit.UNAVAILABLE,
    ErrorCode.REQUEST_EXPIRED: Exit.UNAVAILABLE,
    ErrorCode.WORKER_LOST: Exit.FAILED,
    ErrorCode.INTERNAL: Exit.FAILED,
}


class Ended(click.ClickException):
    """Ends the command with two sentences on standard error and an exit code."""

    exit_code: int  # type: ignore[misc]  # click reads it from the instance

    def __init__(self, exit_code: Exit, text: str, next_step: str = "") -> None:
        super().__init__(text)
        self.next_step = next_step
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Error: {self.message}", file=file, err=True)
        if self.next_step:
            click.echo(f"What to do: {self.next_step}", file=file, err=True)


def ended(error: TwoDriveError) -> Ended:
    """The end of a command that `error` stopped."""
    return Ended(_OF_CODE[error.code], error.text.rstrip(), error.next_step)


def ended_by_code(code: str, text: str, next_step: str) -> Ended:
    """The end of a command whose task failed with a stable code; codes of a newer worker count as failed."""
    return Ended(_OF_CODE.get(code, Exit.FAILED), text, next_step)


def ended_unexpectedly(error: Exception) -> Ended:
    """The exception's own text may hold anything, so only its kind is shown."""
    return Ended(
        Exit.FAILED,
        f"An unforeseen {type(error).__name__} ended the command.",
        "Run it again as `twodrive --debug …` to see where, and tell the developers.",
    )
