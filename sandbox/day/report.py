from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sandbox.day.comparison import Compared
from sandbox.day.program import Program
from sandbox.day.records import Journal
from sandbox.day.runs import BulkRun
@dataclass(frozen=True)
class Told:
    program: Program
    seed: int
    began: datetime
    seconds: float
    branches: Mapping[int, str]
    journal: Journal
    runs: list[BulkRun]
    compared: Compared

def report(told):
    return "x"
