"""What tests and demo rely on in the programs that they start."""

import sys
from pathlib import Path

from sandbox.processes import Program, free_ports


def test_ports_differ() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50


def test_what_an_earlier_program_said_is_not_said_again(tmp_path: Path) -> None:
    log = tmp_path / "twice.log"
    for word in ("first", "second"):
        program = Program("twice", [sys.executable, "-c", f"print('{word}')"], log)
        assert program.process.wait(30) == 0
        assert program.said() == f"{word}\n"
    assert log.read_text() == "first\nsecond\n"
