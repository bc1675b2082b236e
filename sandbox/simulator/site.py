"""The tenant: routes a request to the API, the token endpoint or the descriptions, and lets faults strike."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

from sandbox.simulator.answers import Answer, json_answer
from sandbox.simulator.api import Api
from sandbox.simulator.arming import Faults, Target
from sandbox.simulator.changes import Change
from sandbox.simulator.clock import Clock
from sandbox.simulator.database import Database
from sandbox.simulator.faults import Fault, FaultKind
from sandbox.simulator.faulty import faulty_answer
from sandbox.simulator.journal import Journal
from sandbox.simulator.refusals import INVALID_TOKEN, error_body, not_allowed
from sandbox.simulator.settings import Settings
from sandbox.simulator.spoiling import documented_columns, schema_of
from sandbox.simulator.tables import ENTITIES, Bundle
from sandbox.simulator.tokens import Client, Tokens

TOKEN_PATH = "/oauth/token"  # noqa: S105  a path
OPENAPI_PATH = "/api/openapi"
_MAX_REQUEST_LINE = 8_192


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is the path with its query, as it stood in the request line."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


class Site:
    """`settings` are those of the start, to which `reset` goes back."""

    def __init__(
        self, seed: int, bundles: Callable[[], Iterable[Bundle]], settings: Settings | None = None
    ) -> None:
        self._first_settings = settings or Settings()
        self.settings = self._first_settings
        self.clock = Clock()
        self.tokens = Tokens(Client(), self.clock)
        self.faults = Faults(seed)
        self.journal = Journal()
        self.database = Database()
        self._api = Api(self.database)
        self._bundles = bundles
        self.database.fill(bundles())

    def reset(self) -> None:
        """Everything as it was at the start: rows, settings, faults, journal, tokens."""
        self.settings = self._first_settings
        self.tokens.expire_all()
        self.tokens.issued = 0
        self.faults.clear()
        self.journal.clear()
        self.database.fill(self._bundles())

    def close(self) -> None:
        self.database.close()

    def handle(self, request: Request) -> tuple[Answer, Sequence[Fault], Target]:
        """The answer, the faults that its delivery has to suffer, and what was asked for."""
        target = _target(request.target)
        if _line_length(request) > _MAX_REQUEST_LINE:
            return Answer(414, close=True), (), target
        faults = self.faults.strike(target, self.clock.seconds())
        answer = self._answer(request, target, faults)
        for fault in faults:
            self._follow_up(fault)
        return self._dressed(answer, request, faults), faults, target

    def _answer(self, request: Request, target: Target, faults: Sequence[Fault]) -> Answer:
        for fault in faults:
            if fault.kind is FaultKind.EXPIRE_TOKENS:
                self.tokens.expire_all()
            elif fault.kind is FaultKind.STATUS:
                return faulty_answer(fault, at_token_url=target.name == "token")
        if target.name == "token":
            return self._token(request)
        if request.method != "GET":
            body = error_body(405, "BadRequest", "This operation is not supported.")
            return json_answer(405, body, {"Allow": "GET"})
        if target.name == "root":
            return self._root()
        if target.name == "openapi":
            return self._openapi()
        if not target.is_api:
            return Answer(404)
        return self._read(request, target, faults)

    def _read(self, request: Request, target: Target, faults: Sequence[Fault]) -> Answer:
        authorization = request.headers.get("Authorization")
        if authorization is None:
            if self.settings.missing_token_status == 403:
                return json_answer(403, not_allowed().body())
            # RFC 6750, 3.1: without a token there is no error to tell.
            return Answer(401, headers={"WWW-Authenticate": "Bearer"})
        if not self.tokens.valid(authorization):
            return Answer(401, headers=INVALID_TOKEN)
        query = request.target.partition("?")[2]
        host = request.headers.get("Host", "")
        return self._api.answer(target.path.removeprefix("/api/"), query, host, self.settings, faults)

    def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            return Answer(405, headers={"Allow": "POST"})
        content_type = request.headers.get("Content-Type", "")
        return self.tokens.issue(content_type, request.body, self.settings.token_seconds)

    def _root(self) -> Answer:
        if self.settings.hide_root:
            return Answer(404)
        version = self.settings.version
        text = {"status": "Healthy", "version": version, "app-name": f"dab_oss_{version}"}
        return json_answer(200, json.dumps(text).encode())

    def _openapi(self) -> Answer:
        if self.settings.hide_openapi:
            return Answer(404)
        entities = [schema_of(entity, self.faults.lasting_on(entity.name))[0] for entity in ENTITIES.values()]
        paths: dict[str, Any] = {}
        for entity in entities:
            key = "".join(f"/{name}/{{{name}}}" for name in entity.key)
            for path in (f"/{entity.name}", f"/{entity.name}{key}"):
                paths[path] = {"get": {"tags": [entity.name], "responses": {"200": {"description": "OK"}}}}
        schemas = {
            entity.name: {"type": "object", "properties": documented_columns(entity)} for entity in entities
        }
        document = {
            "openapi": "3.0.1",
            "info": {"title": "Data API builder - REST Endpoint", "version": self.settings.version},
            "servers": [{"url": "/api"}],
            "paths": paths,
            "components": {"schemas": schemas},
        }
        return json_answer(200, json.dumps(document).encode())

    def _follow_up(self, fault: Fault) -> None:
        if fault.kind is FaultKind.CHANGE_ROWS:
            try:
                self.change(fault.changes)
            except sqlite3.Error as error:
                self.faults.note_failure(fault, str(error))

    def change(self, changes: Iterable[Mapping[str, Any]]) -> list[int]:
        """Make all changes or none (`Change`). Returns how many rows each concerned; raises `ValueError` for
        a malformed one and `sqlite3.Error` where two rows would have one key."""
        meant = [Change.from_json(change) for change in changes]
        with self.database.all_or_nothing():
            return [change.make(self.database) for change in meant]

    def _dressed(self, answer: Answer, request: Request, faults: Sequence[Fault]) -> Answer:
        for fault in faults:
            if fault.kind is FaultKind.WRONG_TYPE:
                answer = replace(answer, content_type=fault.content_type)
            elif fault.kind is FaultKind.UNPARSABLE:
                answer = replace(answer, body=answer.body[: max(1, len(answer.body) - 2)])
        accepts = "gzip" in request.headers.get("Accept-Encoding", "")
        if (accepts and self.settings.gzip) or any(fault.kind is FaultKind.GZIP for fault in faults):
            answer = answer.compressed()
        date = formatdate(time.time() + self.settings.clock_skew_seconds, usegmt=True)
        return replace(answer, headers={**answer.headers, "Date": date})


def _target(target: str) -> Target:
    path, _, query = target.partition("?")
    if path.startswith("/api/"):
        if path == OPENAPI_PATH:
            return Target(path, "openapi", is_api=False)
        return Target(path, path[5:].partition("/")[0], is_api=True, query=query)
    names = {TOKEN_PATH: "token", "/": "root"}
    return Target(path, names.get(path, "other"), is_api=False)


def _line_length(request: Request) -> int:
    return len(request.method) + len(request.target) + len("  HTTP/1.1\r\n")
