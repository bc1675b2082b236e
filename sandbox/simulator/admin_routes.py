"""`/_admin/...`: the simulator's own remote control, in JSON, for callers on the same machine only."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sandbox.simulator.answers import Answer, json_answer
from sandbox.simulator.faults import Fault
from sandbox.simulator.site import Request, Site
from sandbox.simulator.tables import ENTITIES

ADMIN = "/_admin/"
_Action = Callable[[Any], object]


class AdminRoutes:
    """One method and path each: `GET health`, `POST rows`, `GET|POST|DELETE faults`, `GET|PATCH settings`,
    `GET|DELETE journal`, `GET counters`, `POST clock`, `POST reset`, `POST expire-tokens`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._actions: dict[tuple[str, str], _Action] = {
            ("GET", "health"): lambda _: self._health(),
            ("POST", "rows"): lambda changes: {"rows": [site.change(change) for change in changes]},
            ("GET", "rows"): lambda _: {name: site.database.count(ENTITIES[name]) for name in ENTITIES},
            ("GET", "faults"): lambda _: {"faults": site.faults.listed()},
            ("POST", "faults"): lambda data: {"id": site.faults.add(Fault.from_json(data))},
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "settings"): lambda _: asdict(site.settings),
            ("PATCH", "settings"): self._patch_settings,
            ("GET", "journal"): lambda _: {"entries": [entry.to_json() for entry in site.journal.entries]},
            ("DELETE", "journal"): lambda _: site.journal.clear(),
            ("GET", "counters"): lambda _: self._counters(),
            ("POST", "clock"): lambda data: self._advance(float(data["advance_seconds"])),
            ("POST", "expire-tokens"): lambda _: site.tokens.expire_all(),
            ("POST", "reset"): lambda _: site.reset(),
        }

    def answer(self, request: Request, from_loopback: bool) -> Answer:
        path = request.target.partition("?")[0].removeprefix(ADMIN)
        action = self._actions.get((request.method, path))
        if action is None or not from_loopback:
            return _said(404, {"error": "There is nothing here."})
        try:
            return _said(200, action(json.loads(request.body) if request.body else None))
        except (ValueError, TypeError, LookupError, sqlite3.Error) as error:
            return _said(400, {"error": f"{type(error).__name__}: {error}"})

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

    def _patch_settings(self, changes: dict[str, Any]) -> object:
        self._site.settings = self._site.settings.patched(changes)
        return asdict(self._site.settings)

    def _clear_faults(self, number: int | None) -> object:
        if number is None:
            self._site.faults.clear()
        elif not self._site.faults.remove(number):
            raise KeyError(number)
        return {}

    def _advance(self, seconds: float) -> object:
        self._site.clock.advance(seconds)
        return {"clock_seconds": self._site.clock.seconds()}


def _said(status: int, value: object) -> Answer:
    return json_answer(status, json.dumps({} if value is None else value).encode())
