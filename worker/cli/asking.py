"""One request and its answer: through the queue as the backend does it, or in this process."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any
from uuid import UUID

import click
from marshmallow import EXCLUDE, ValidationError
from sqlalchemy import select

from schemas.answers import ImportResultSchema, WorkorderResultSchema, dump_import_result
from schemas.messages import ImportRequest, InvalidMessage, RefreshRequest, load
from schemas.outcome import ImportResult, WorkorderResult
from worker.cli import screen
from worker.cli.exits import Ended, Exit
from worker.cli.queue import Queue
from worker.names import TaskName
from worker.store.tables import workorders
from worker.wiring import Parts

Request = ImportRequest | RefreshRequest
_TASKS: dict[type[Request], TaskName] = {ImportRequest: TaskName.IMPORT, RefreshRequest: TaskName.REFRESH}


def answer_of(
    parts: Parts, kind: type[Request], arguments: Mapping[str, object], *, local: bool
) -> dict[str, Any]:
    """The answer as the backend gets it; `arguments` are those of the task whose message is `kind`."""
    request = _checked(kind, arguments)
    what = "Importing here" if local else "Waiting for a worker"
    with screen.progress(what):
        if local:
            return _here(parts, request)
        with closing(Queue(parts.settings)) as queue:
            return queue.ask(_TASKS[kind], arguments)


def as_value(answer: Mapping[str, Any]) -> ImportResult:
    """The answer read back. Fields that a newer worker adds are ignored; raises `Ended` for its new words."""
    try:
        whole: Any = ImportResultSchema(exclude=("workorders",), unknown=EXCLUDE).load(answer)
        # marshmallow does not hand `unknown` down to nested schemas.
        each: Any = WorkorderResultSchema(many=True, unknown=EXCLUDE).load(answer["workorders"])
    except ValidationError:
        raise Ended(
            Exit.FAILED,
            "The worker's answer holds words that this version does not know.",
            "Use --json, or the same version as the worker.",
        ) from None
    return ImportResult(**whole, workorders=tuple(_result(one) for one in each))


def workorder_id_of(parts: Parts, dealer_id: int, named: str) -> str:
    """Claire's id of a workorder that is named by it or by its WO number."""
    try:
        return str(UUID(named))
    except ValueError:
        pass
    query = select(workorders.c.id, workorders.c.affiliate_id).where(
        workorders.c.dealer_id == dealer_id, workorders.c.wo_number == named.strip()
    )
    with parts.database.transaction() as connection:
        found = connection.execute(query.order_by(workorders.c.affiliate_id)).all()
    if not found:
        raise Ended(
            Exit.NO,
            f"Dealer {dealer_id} has no imported workorder with this number.",
            f"Import it first: twodrive import {dealer_id} NUMBER",
        )
    if len(found) > 1:
        listed = ", ".join(f"{row.id} (affiliate {row.affiliate_id})" for row in found)
        raise click.UsageError(f"Several workorders have this number; give one of the ids: {listed}")
    return str(found[0].id)


def _result(read: Mapping[str, Any]) -> WorkorderResult:
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in read.items()}
    return WorkorderResult(**values)


def _checked(kind: type[Request], arguments: Mapping[str, object]) -> Request:
    try:
        return load(ImportRequest, arguments) if kind is ImportRequest else load(RefreshRequest, arguments)
    except InvalidMessage as error:
        raise click.UsageError(str(error)) from None


def _here(parts: Parts, request: Request) -> dict[str, Any]:
    """An operator who asks from here wants to see it tried, also while the dealer's circuit is open."""
    deadline = parts.interactive_deadline()
    if isinstance(request, ImportRequest):
        return dump_import_result(parts.importer.search(request, None, deadline, insist=True))
    return dump_import_result(parts.importer.refresh(request, None, deadline, insist=True))
