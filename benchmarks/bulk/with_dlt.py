"""Runs `dlt_pipeline.py` in the interpreter that has dlt."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from benchmarks.bulk.databases import plain
from sandbox.simulator.running import SimulatorProcess
from schemas.vinacles import ENTITIES, MODIFIED, WORKORDER

_SCRIPT = Path(__file__).with_name("dlt_pipeline.py")
# As many as ours asks for of lines and contacts.
_PAGE_ROWS = 5_000


@dataclass
class WithDlt:
    interpreter: str
    simulator: SimulatorProcess
    database_url: str
    folder: Path
    version: str = field(default="", init=False)
    loads: int = field(default=0, init=False)

    def forget(self) -> None:
        """As if nothing had ever been loaded."""
        self.loads += 1
        with psycopg2.connect(plain(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS vinacles CASCADE")
            cursor.execute("DROP SCHEMA IF EXISTS vinacles_staging CASCADE")

    def run(self, since: str | None = None) -> float:
        """Seconds of one run, everything or what was modified `since` (UTC)."""
        columns = {entity.name: list(entity.columns) for entity in ENTITIES}
        columns[WORKORDER.name].append(MODIFIED)
        asked = {
            "base_url": self.simulator.base_url,
            "token_url": self.simulator.token_url,
            "audience": self.simulator.audience,
            "client_id": self.simulator.client_id,
            "client_secret": self.simulator.client_secret,
            "database_url": plain(self.database_url),
            "folder": str(self.folder / f"pipelines-{self.loads}"),
            "columns": columns,
            "page_rows": _PAGE_ROWS,
            "since": since,
        }
        done = subprocess.run(
            [self.interpreter, str(_SCRIPT)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": "", "RUNTIME__DLTHUB_TELEMETRY": "false"},
        )
        if done.returncode:
            raise RuntimeError(f"dlt failed:\n{done.stderr[-3000:]}")
        said = json.loads(done.stdout.splitlines()[-1])
        self.version = said["dlt"]
        return float(said["seconds"])

    def count(self) -> tuple[int, ...]:
        """Rows of workorders, lines and contacts."""
        with psycopg2.connect(plain(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM vinacles.workorder), (SELECT count(*) FROM"
                " vinacles.workorder_line), (SELECT count(*) FROM vinacles.workorder_contact)"
            )
            found: tuple[int, ...] = cursor.fetchone() or ()
            return found
