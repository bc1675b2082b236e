"""OAuth 2.0 client credentials (RFC 6749, 4.4) in the manner of Auth0."""

import json
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs

from sandbox.simulator.answers import Answer, json_answer
from sandbox.simulator.clock import Clock


@dataclass(frozen=True, slots=True)
class Client:
    """Who may have tokens, and for which audience."""

    client_id: str = "claire-simulator"
    client_secret: str = "not-a-real-secret"  # noqa: S105  the simulator's only client
    audience: str = "https://vinacles.example/simulated-group"


class Tokens:
    def __init__(self, client: Client, clock: Clock) -> None:
        self.client = client
        self.issued = 0
        self._clock = clock
        self._expiry: dict[str, float] = {}

    def issue(self, content_type: str, body: bytes, seconds: int) -> Answer:
        """The answer to `POST /oauth/token` with this `body`."""
        if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
            return _refused(400, "invalid_request", "The body must be form-encoded.")
        form = {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}
        refusal = self._refusal(form)
        if refusal is not None:
            return refusal
        self._forget_expired()
        token = secrets.token_urlsafe(48)
        self._expiry[token] = self._clock.seconds() + seconds
        self.issued += 1
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return json_answer(200, json.dumps(answer).encode(), {"Cache-Control": "no-store"})

    def valid(self, authorization: str | None) -> bool:
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self._expiry.get(token, -1.0) > self._clock.seconds()

    def expire_all(self) -> None:
        self._expiry.clear()

    def _refusal(self, form: dict[str, str]) -> Answer | None:
        for name in ("grant_type", "client_id", "client_secret", "audience"):
            if name not in form:
                return _refused(400, "invalid_request", f"Missing required parameter: {name}")
        if form["grant_type"] != "client_credentials":
            return _refused(403, "unauthorized_client", "Grant type not allowed for the client.")
        known = (self.client.client_id, self.client.client_secret)
        if (form["client_id"], form["client_secret"]) != known:
            return _refused(401, "access_denied", "Unauthorized")
        if form["audience"] != self.client.audience:
            return _refused(403, "access_denied", "Client is not authorized to access this audience.")
        return None

    def _forget_expired(self) -> None:
        now = self._clock.seconds()
        for token in [token for token, expiry in self._expiry.items() if expiry <= now]:
            del self._expiry[token]


def _refused(status: int, error: str, description: str) -> Answer:
    return json_answer(status, token_error(error, description), {})


def token_error(error: str, description: str) -> bytes:
    """The body of a refusal (RFC 6749, 5.2)."""
    return json.dumps({"error": error, "error_description": description}).encode()
