"""`python -m sandbox.simulator`: serve until SIGTERM or SIGINT."""

import argparse
import asyncio
import json
import signal
import ssl
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from errno import EACCES, EADDRINUSE
from pathlib import Path
from zoneinfo import ZoneInfo

from sandbox.certificates import certificate
from sandbox.simulator.known import known_workorders
from sandbox.simulator.server import Server
from sandbox.simulator.settings import Settings
from sandbox.simulator.site import TOKEN_PATH, Site
from sandbox.simulator.tables import Bundle
from sandbox.simulator.workshop import workorders


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `arguments` are those of the command line when None."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        settings = Settings().patched({"latency_ms": chosen.latency_ms})
    except ValueError as error:
        parser.error(str(error))
    asyncio.run(_serve(chosen, settings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.simulator",
        description="A simulated Vinacles tenant. The first line printed is JSON with its URLs and login; "
        "under admin_url it takes settings, faults and changes of rows.",
        epilog="docs/simulator.md: settings, faults on command, and the workorders that are always there.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--name", help="what others call this host, in the URLs that are printed")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--tls", type=Path, help="speak TLS; the folder gets ca.pem, to be trusted")
    parser.add_argument("--workorders", type=int, default=500, help="invented ones, besides the well-known")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency-ms", type=float, default=0, help="added to every answer")
    parser.add_argument("--ready-file", type=Path, help="written when ready, with the line that is printed")
    return parser


async def _serve(arguments: argparse.Namespace, settings: Settings) -> None:
    """Raises `OSError` when the port cannot be had."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    def bundles() -> Iterator[Bundle]:
        today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()
        yield from known_workorders(today)
        yield from workorders(arguments.workorders, arguments.seed, today)

    name = arguments.name or arguments.host
    tls = None if arguments.tls is None else _proven(arguments.tls, name)
    with closing(Site(arguments.seed, bundles, settings)) as site:
        server = Server(site, arguments.host, arguments.port, tls)
        try:
            scheme = "http" if tls is None else "https"
            _announce(site, f"{scheme}://{name}:{server.port}", arguments.ready_file)
            await stopped.wait()
        finally:
            await server.stop()
            if arguments.ready_file is not None:
                arguments.ready_file.unlink(missing_ok=True)


def _proven(folder: Path, name: str) -> ssl.SSLContext:
    """A certificate made now, for `name` and for health checks on the same machine. Its key is in no file
    that stays."""
    with tempfile.TemporaryDirectory() as passing:
        made, key = certificate(Path(passing), name, "localhost", days=365)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, key)
        fresh = folder / "ca.pem.new"
        fresh.write_bytes(made.read_bytes())
        fresh.replace(folder / "ca.pem")
    return context


def _announce(site: Site, base_url: str, ready_file: Path | None) -> None:
    client = site.tokens.client
    line = json.dumps(
        {
            "base_url": base_url,
            "token_url": f"{base_url}{TOKEN_PATH}",
            "admin_url": f"{base_url}/_admin",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "audience": client.audience,
        }
    )
    print(line, flush=True)
    if ready_file is not None:
        part = ready_file.with_suffix(".part")
        part.write_text(line)
        part.rename(ready_file)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        if error.errno not in (EACCES, EADDRINUSE):
            raise
        sys.exit(f"Cannot serve: {error.strerror}. Take another --port, or 0 for a free one.")
