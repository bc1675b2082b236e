"""The simulator as a program of its own."""

import json
import sys
from pathlib import Path

from sandbox.processes import Program
from sandbox.simulator.admin import SimulatorAdmin


class SimulatorProcess:
    """Starts the simulator on a free loopback port and waits until it answers; its log is in `folder`."""

    def __init__(
        self, folder: Path, *, workorders: int = 200, seed: int = 1, latency_ms: float = 0, port: int = 0
    ) -> None:
        ready = folder / "simulator.json"
        ready.unlink(missing_ok=True)
        self.program = Program(
            "Simulator",
            [
                *(sys.executable, "-m", "sandbox.simulator", "--port", str(port), "--ready-file", str(ready)),
                *("--workorders", str(workorders), "--seed", str(seed), "--latency-ms", str(latency_ms)),
            ],
            folder / "simulator.log",
            cwd=Path(__file__).parents[2],
        )
        self.program.wait_ready(ready.exists, seconds=60 + workorders / 500)
        said = json.loads(ready.read_text())
        self.base_url: str = said["base_url"]
        self.token_url: str = said["token_url"]
        self.client_id: str = said["client_id"]
        self.client_secret: str = said["client_secret"]
        self.audience: str = said["audience"]
        self.admin = SimulatorAdmin(self.base_url)

    def stop(self) -> int:
        """Returns its exit code, 0 when it ended in order."""
        self.admin.close()
        return self.program.stop()
