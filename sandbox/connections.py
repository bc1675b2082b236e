"""The simulator as a dealer's record knows it."""

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
