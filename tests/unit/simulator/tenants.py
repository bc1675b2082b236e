"""A client of a `Site` in this process, without a network."""

import json
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.simulator.answers import Answer
from sandbox.simulator.faults import Fault
from sandbox.simulator.known import known_workorders
from sandbox.simulator.settings import Settings
from sandbox.simulator.site import Request, Site

TODAY = date(2026, 11, 22)


class Tenant:
    """Asks a `Site` as a client with a valid token would."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.renew()

    def renew(self) -> None:
        client = self.site.tokens.client
        form = {
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "audience": client.audience,
        }
        self.headers = {
            "Host": "tenant.example:8443",
            "Authorization": f"Bearer {self.token(form)['access_token']}",
        }

    def token(self, form: dict[str, str]) -> Any:
        body = "&".join(f"{name}={quote(value, safe='')}" for name, value in form.items()).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.site.handle(Request("POST", "/oauth/token", headers, body))[0]
        return {"status": answer.status, **json.loads(answer.body)}

    def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        return self.site.handle(Request(method, target, {**self.headers, **headers}))[0]

    def read(self, entity: str, **options: object) -> Any:
        """The answer to `/api/{entity}` with `$`-options, which has to be a good one."""
        answer = self.ask(url(entity, **options))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def rows(self, entity: str, **options: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.read(entity, **options)["value"]
        return rows

    def error(self, target: str) -> tuple[int, str, str]:
        """Status, code and text of a refusal in Data API builder's shape."""
        answer = self.ask(target)
        error = json.loads(answer.body)["error"]
        assert error["status"] == answer.status
        return answer.status, error["code"], error["message"]

    def well_formed(self, target: str) -> Answer:
        """The answer to a request, after a look at whether a client can take it for HTTP and JSON."""
        answer = self.ask(target)
        assert 200 <= answer.status < 600
        for name, value in answer.headers.items():
            assert f"{name}{value}".isascii(), (name, value)
            assert f"{name}{value}".isprintable(), (name, value)
        if answer.content_type is None:
            assert answer.body == b""
        elif answer.content_type.startswith("application/json") and "Content-Encoding" not in answer.headers:
            parsed = json.loads(answer.body, parse_constant=pytest.fail)
            assert parsed.keys() & {"value", "error", "openapi"}, parsed
        return answer

    def all_rows(self, entity: str, **options: object) -> list[dict[str, Any]]:
        """Follows `nextLink` to the end."""
        page = self.read(entity, **options)
        rows = list(page["value"])
        links: set[str] = set()
        while "nextLink" in page:
            assert page["nextLink"] not in links
            links.add(page["nextLink"])
            page = json.loads(self.ask(path_of(page["nextLink"])).body)
            rows += page["value"]
        return rows

    def arm(self, kind: str, **fields: Any) -> int:
        return self.site.faults.add(Fault.from_json({"kind": kind, **fields}))


def bare_site(settings: Settings | None = None) -> Site:
    """With the well-known workorders only."""
    return Site(1, lambda: known_workorders(TODAY), settings)


def url(entity: str, **options: object) -> str:
    query = "&".join(f"${name}={quote(str(value), safe='')}" for name, value in options.items())
    return f"/api/{entity}?{query}"


def path_of(link: str) -> str:
    """`https://host/api/X?q` -> `/api/X?q`, a + kept from turning into a space."""
    return link[link.index("/api/") :].replace("+", "%2B")
