"""A bulk message that kills its child each time: bounded tries, then the run has failed with a reason."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.processes import Program
from sandbox.stack import CELERY, Stack
from tests.documents import ROOT
from worker.store.runs import MAX_ATTEMPTS

# Of the acceptance stack, so that other tests' bulk workers do not take the message: a queue of its own Redis
# database is not worth a server.
_OPTIONS = ("-P", "prefork", "-c", "2", "-Q", "bulk,maintenance", "--without-gossip", "--without-mingle")


@pytest.fixture
def deaths(tmp_path: Path) -> Path:
    return tmp_path / "deaths"
