"""Plain HTTP to the simulator."""

import http.client
from urllib.parse import urlsplit

import requests

from sandbox.simulator.running import SimulatorProcess

ONE = "/api/Workorder?$first=1&$select=WONUMMER"


def get(simulator: SimulatorProcess, session: requests.Session, target: str = ONE) -> requests.Response:
    return session.get(simulator.base_url + target, timeout=10, allow_redirects=False)


def connect(simulator: SimulatorProcess) -> http.client.HTTPConnection:
    parts = urlsplit(simulator.base_url)
    assert parts.hostname is not None
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
