"""The simulator as a dealer's record knows it."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Connection, Secret


def connection_to(simulator: SimulatorProcess) -> Connection:
    return Connection(
        base_url=simulator.base_url,
        token_url=simulator.token_url,
        audience=simulator.audience,
        client_id=simulator.client_id,
        client_secret=Secret(simulator.client_secret),
    )


@contextmanager
def logged_in(simulator: SimulatorProcess) -> Iterator[requests.Session]:
    """Plain HTTP to the simulator's API, with a token."""
    with requests.Session() as session:
        form = {
            "grant_type": "client_credentials",
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "audience": simulator.audience,
        }
        token = session.post(simulator.token_url, data=form, timeout=30).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        yield session
