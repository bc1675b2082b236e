"""What may be said of an unforeseen exception: its text may hold data, so only its kind and place."""

import traceback

from worker.errors import ErrorCode


def places(error: Exception) -> list[str]:
    """Files and lines, the innermost last; for the log."""
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]


def told(error: Exception) -> tuple[str, str, str]:
    """Code, what happened, what to do."""
    code = ErrorCode.INTERNAL
    return code.value, f"An unforeseen {type(error).__name__} ended the task.", code.next_step
