"""Says in each statement on whose behalf it runs, so that what is slow in PostgreSQL leads back to a click.

`pg_stat_activity` and PostgreSQL's log show it. It costs no round trip; statistics by statement ignore it.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Engine, event

from schemas.texts import is_plain_id

_NAMES = ("request_id", "task_id")


def comment_of(context: Mapping[str, Any]) -> str:
    """` /* request_id=click-81f3 task_id=… */` of what the log's lines are bound to, empty for neither."""
    known = {name: context.get(name) for name in _NAMES}
    said = [f"{name}={value}" for name, value in known.items() if is_plain_id(value)]
    return f" /* {' '.join(said)} */" if said else ""


def comment_statements(engine: Engine) -> None:
    """Every statement that SQLAlchemy sends from now on has its comment; COPY has none."""
    event.listen(engine, "before_cursor_execute", _commented, retval=True)


def _commented(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
) -> tuple[str, Any]:
    return statement + comment_of(structlog.contextvars.get_contextvars()), parameters
