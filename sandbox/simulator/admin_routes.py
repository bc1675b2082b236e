"""`/_admin/...`: the simulator's own remote control, in JSON, for callers on the same machine only."""

import json
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any, NoReturn

from sandbox.simulator.answers import Answer, json_answer
from sandbox.simulator.checks import SECONDS, Amount, Strict, checked
from sandbox.simulator.faults import Fault
from sandbox.simulator.site import Request, Site
from sandbox.simulator.tables import ENTITIES

ADMIN = "/_admin/"
_Action = Callable[[Any], object]


class AdminRoutes:
    """One method and path each: `GET health`, `GET|POST rows`, `GET|POST|DELETE faults`,
    `GET|PATCH settings`, `GET|DELETE journal`, `GET counters`, `POST clock`, `POST reset`,
    `POST expire-tokens`. What is malformed gets a 400 that says what is wrong, and changes nothing."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._actions: dict[tuple[str, str], _Action] = {
            ("GET", "health"): lambda _: self._health(),
            ("POST", "rows"): lambda changes: {"rows": site.change(_listed(changes))},
            ("GET", "rows"): lambda _: {name: site.database.count(ENTITIES[name]) for name in ENTITIES},
            ("GET", "faults"): lambda _: {"faults": site.faults.listed()},
            ("POST", "faults"): lambda data: {"id": site.faults.add(Fault.from_json(data))},
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "settings"): lambda _: asdict(site.settings),
            ("PATCH", "settings"): self._patch_settings,
            ("GET", "journal"): lambda _: {"entries": [entry.to_json() for entry in site.journal.entries]},
            ("DELETE", "journal"): lambda _: site.journal.clear(),
            ("GET", "counters"): lambda _: self._counters(),
            ("POST", "clock"): lambda data: self._advance(**checked(_ClockSchema(), data)),
            ("POST", "expire-tokens"): lambda _: site.tokens.expire_all(),
            ("POST", "reset"): lambda _: site.reset(),
        }

    @property
    def routes(self) -> Collection[tuple[str, str]]:
        """Method and path of each."""
        return self._actions.keys()

    def answer(self, request: Request, from_loopback: bool) -> Answer:
        path = request.target.partition("?")[0].removeprefix(ADMIN)
        action = self._actions.get((request.method, path))
        if action is None or not from_loopback:
            return _said(404, {"error": "There is nothing here."})
        try:
            return _said(200, action(_parsed(request.body) if request.body else None))
        except (ValueError, sqlite3.Error) as error:
            return _said(400, {"error": str(error)})

    def _health(self) -> dict[str, object]:
        client = self._site.tokens.client
        return {
            "status": "ready",
            "clock_seconds": self._site.clock.seconds(),
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "audience": client.audience,
        }

    def _counters(self) -> dict[str, object]:
        return {"tokens_issued": self._site.tokens.issued, "requests": dict(self._site.journal.counts)}

    def _patch_settings(self, changes: Any) -> object:
        self._site.settings = self._site.settings.patched(changes)
        return asdict(self._site.settings)

    def _clear_faults(self, number: object) -> object:
        if number is None:
            self._site.faults.clear()
        elif not isinstance(number, int) or not self._site.faults.remove(number):
            raise ValueError(f"There is no fault {number!r}; GET faults lists them with their id")
        return {}

    def _advance(self, advance_seconds: float) -> object:
        self._site.clock.advance(advance_seconds)
        return {"clock_seconds": self._site.clock.seconds()}


class _ClockSchema(Strict):
    advance_seconds = Amount(0, SECONDS, required=True)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_not_json)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON.")


def _listed(changes: object) -> list[Any]:
    if not isinstance(changes, list):
        raise ValueError('The body is a list of changes: [{"action": …, "entity": …, …}]')  # noqa: TRY004  told to whoever sent it
    return changes


def _said(status: int, value: object) -> Answer:
    return json_answer(status, json.dumps({} if value is None else value).encode())
