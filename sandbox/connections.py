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
    """Plain HTTP to the simulator's API, with a token; a proxy of this machine is not asked."""
    with requests.Session() as session:
        session.trust_env = False
        form = {
            "grant_type": "client_credentials",
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "audience": simulator.audience,
        }
        answer = session.post(simulator.token_url, data=form, timeout=30)
        answer.raise_for_status()
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield session
