"""What the fault suite writes down is the same on every machine."""

from socket import gethostname

from tests.faults.report import Fault, table


def test_a_worker_is_named_without_its_machine() -> None:
    written = table([Fault("a hang", "says stuck", 90, f"interactive@{gethostname()} is stuck.")])
    assert "| interactive is stuck. |" in written
