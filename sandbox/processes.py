"""Start a program, wait until it is ready, and stop it with everything it started."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Self


class NotStarted(RuntimeError):
    """A program ended or stayed silent; the text holds the end of its log."""


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ones."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def wait_until(ready: Callable[[], bool], seconds: float, what: str, every: float = 0.02) -> None:
    """Ask `ready` until it says yes; raise `NotStarted` when `seconds` have passed."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise NotStarted(f"{what}: not ready after {seconds:g} s")
        time.sleep(every)


def children_of(process: int) -> list[int]:
    """The processes that this one has started and that are not gone yet."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


class Program:
    """One running program in a process group of its own, its output in a log file. A context manager: it has
    ended when it is left."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: int | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._log_began = output.tell()
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_ready(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for `ready`; fail at once when the program has ended."""

        def alive_and_ready() -> bool:
            if self.process.poll() is not None:
                raise NotStarted(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            return ready()

        try:
            wait_until(alive_and_ready, seconds, self.name)
        except NotStarted as error:
            self.stop()
            raise NotStarted(f"{error}\n{self.tail()}") from None

    def said(self) -> str:
        """All that it has logged, without what a program before it left in the same file."""
        return self.log.read_bytes()[self._log_began :].decode(errors="replace")

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def send(self, number: Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def freeze(self) -> None:
        """It and its group are there but do nothing, until `thaw`."""
        self._signal_group(SIGSTOP)

    def thaw(self) -> None:
        self._signal_group(SIGCONT)

    def stop(self, number: Signals = SIGTERM, seconds: float = 15) -> int:
        """Ask it to end, insist after `seconds`, leave nobody of its group behind. Returns the exit code."""
        self.thaw()
        self.send(number)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._signal_group(SIGKILL)
        self._signal_group(SIGKILL)
        return self.process.wait()

    def _signal_group(self, number: Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)
