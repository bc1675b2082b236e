"""One question to a server."""

from typing import Any

from tests.integration.vinacles.conftest import House
from worker.vinacles.client import Asking


def ask(house: House, asking: Asking, **options: Any) -> dict[str, object]:
    return house.client.get(asking, "/api/X?$select=A", dict, **options).content
