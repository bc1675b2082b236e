"""Starts the stack, plays the scenes, sums up."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIG_IGN, SIGHUP, SIGTERM, getsignal, signal

from celery.exceptions import CeleryError
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import SCENES, NotAsExpected, Scene, Shown
from sandbox.demo.show import answer_lines, card_of
from sandbox.services import temporary_folder
from sandbox.stack import Stack
from worker.errors import TwoDriveError

DEALER_ID = 12


@dataclass(frozen=True)
class Played:
    """`failure` says what was expected and what was seen."""

    scene: Scene
    seconds: float
    outcome: str
    failure: str | None


def run(console: Console, *, keep: bool = False, scenes: Sequence[Scene] = SCENES) -> int:
    """Play the scenes; 0 when each showed what it should. `keep` leaves all up until Ctrl-C."""
    began = time.monotonic()
    with _ending_in_order(), temporary_folder() as folder, Stack(folder) as stack:
        with console.status("Starting PostgreSQL, Redis, the simulator of Vinacles, a worker and Flower …"):
            stack.start_worker()
            _, flower = stack.start_flower()
        console.print(f"Everything is up after {time.monotonic() - began:.1f} s: {_places(stack, flower)}\n")
        with _desk(stack) as desk:
            played = [_play(desk, scene, console) for scene in scenes]
        _sum_up(console, played, time.monotonic() - began)
        if keep:
            _wait_for_person(console, stack, flower)
    return 1 if any(scene.failure for scene in played) else 0


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """A SIGTERM or a closed terminal stops all that was started, too: it would go on by itself otherwise."""

    def end(number: int, _frame: object) -> None:
        for each in before:
            signal(each, SIG_IGN)
        raise SystemExit(128 + number)

    # nohup ignores SIGHUP for whom it starts.
    heard = [number for number in (SIGTERM, SIGHUP) if getsignal(number) is not SIG_IGN]
    before = {number: signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal(number, handler)


@contextmanager
def _desk(stack: Stack) -> Iterator[Desk]:
    parts = stack.parts()
    try:
        dealer = stack.add_dealer(DEALER_ID, "Autobedrijf De Werkplaats")
        yield Desk(dealer, stack.backend(), stack.simulator.admin, parts.database, parts.dealers)
    finally:
        parts.close()


def _play(desk: Desk, scene: Scene, console: Console) -> Played:
    console.rule(f"[bold]{scene.title}", align="left")
    began = time.monotonic()
    try:
        shown = scene.play(desk)
    except (NotAsExpected, TwoDriveError, CeleryError, LookupError) as error:
        console.print(f"[bold red]Not as expected.[/] {error}")
        return Played(scene, time.monotonic() - began, "", str(error))
    seconds = time.monotonic() - began
    _show(desk, shown, console)
    return Played(scene, seconds, shown.answer["workorders"][0]["outcome"], None)


def _show(desk: Desk, shown: Shown, console: Console) -> None:
    if shown.note:
        console.print(shown.note)
    if shown.card:
        console.print(card_of(desk, shown.answer))
    else:
        console.print(*answer_lines(shown.answer), sep="\n")
    console.print()


def _sum_up(console: Console, played: list[Played], seconds: float) -> None:
    table = Table(title="Summary", title_justify="left")
    table.add_column("scene")
    table.add_column("outcome")
    table.add_column("seconds", justify="right")
    table.add_column("as expected")
    for scene in played:
        verdict = "[green]yes[/]" if scene.failure is None else f"[red]no: {scene.failure}[/]"
        table.add_row(scene.scene.title, scene.outcome, f"{scene.seconds:.2f}", verdict)
    console.print(table)
    good = sum(scene.failure is None for scene in played)
    console.print(f"{good} of {len(played)} scenes as expected, {seconds:.1f} s in all.")


def _wait_for_person(console: Console, stack: Stack, flower: str) -> None:
    user, password = stack.flower_login
    lines = (
        f"Flower      {flower}  (user {user}, password {password})",
        f"Simulator   {stack.simulator.base_url}",
        f"PostgreSQL  {stack.database_url}",
        f"Redis       {stack.redis.url_of(0)}",
        f"Settings    source {stack.write_settings()}",
        f"Try         .venv/bin/twodrive import {DEALER_ID} WO-1010",
    )
    console.print(Panel("\n".join(lines), title="Left up; Ctrl-C ends all", expand=False))
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopping everything …")


def _places(stack: Stack, flower: str) -> str:
    return f"Flower {flower}, simulator {stack.simulator.base_url}"
