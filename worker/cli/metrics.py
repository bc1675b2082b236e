"""`twodrive metrics`: what matters to operators, for Prometheus."""

import signal
import sys
from types import FrameType

import click
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from worker.cli.exits import Ended, Exit
from worker.cli.help import command
from worker.environment import load
from worker.metrics import wiring
from worker.metrics.server import listening


@command(
    "metrics",
    "twodrive metrics",
    "twodrive metrics --once",
    "twodrive metrics --address 0.0.0.0 --port 9464",
)
@click.option("--once", is_flag=True, help="Print the metrics once and end.")
@click.option("--address", default="127.0.0.1", help="Address to listen on [127.0.0.1].")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=9464, help="Port to listen on, 0 for a free one [9464]."
)
def metrics(once: bool, address: str, port: int) -> None:
    """Serve metrics to Prometheus at /metrics until SIGTERM or Ctrl-C; /healthz says that it serves.

    Queues, freshness per dealer, outcomes, Vinacles' answers, rows written; no personal data. It asks for
    no login: let nobody but Prometheus reach it. What is away (PostgreSQL, Redis) is told by
    twodrive_source_up, and with --once by exit code 5.
    """
    with wiring.registry(load()) as registry:
        if once:
            _print(registry)
        else:
            _serve(registry, address, port)


def _print(registry: CollectorRegistry) -> None:
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the library has no types
    click.echo(text, nl=False)
    away = [
        line.partition('"')[2].partition('"')[0]
        for line in text.decode().splitlines()
        if line.startswith("twodrive_source_up{") and line.endswith(" 0.0")
    ]
    if away:
        raise Ended(Exit.UNAVAILABLE, f"Could not be read: {', '.join(away)}.", "Check PostgreSQL and Redis.")


def _serve(registry: CollectorRegistry, address: str, port: int) -> None:
    try:
        server = listening(registry, address, port)
    except OSError as error:
        raise Ended(
            Exit.CONFIGURATION,
            f"Cannot listen on {address}:{port}: {error.strerror}.",
            "Choose another --port.",
        ) from None
    with server:
        signal.signal(signal.SIGTERM, _interrupt)
        click.echo(f"Serving http://{address}:{server.server_port}/metrics")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
