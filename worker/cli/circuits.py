"""`twodrive circuits`: whose Vinacles is left alone, why, and until when."""

from collections.abc import Iterable
from datetime import datetime

import click
from rich.table import Table

from worker.circuit import Circuit
from worker.cli import parts, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.help import SpeakingGroup, command, json_option
from worker.store.circuits import DealersCircuit, troubled


@click.group("circuits", cls=SpeakingGroup, examples=("twodrive circuits", "twodrive circuits --json"))
@json_option
@click.pass_context
def group(context: click.Context, as_json: bool) -> None:
    """Show the dealers whose Vinacles failed when it was last asked, and whether it is left alone.

    After 3 failures in a row a dealer's circuit opens: nobody asks its Vinacles, requests fail at once, bulk
    runs wait. When the pause is over, one request of all is the probe; the first answer closes the circuit.
    `twodrive check` asks at any time, and closes it too.
    """
    if context.invoked_subcommand is not None:
        return
    with parts.opened() as opened, opened.database.transaction() as transaction:
        found = troubled(transaction)
    if as_json:
        screen.print_json([_record(one) for one in found])
        return
    screen.out().print(_table(found) if found else "No dealer's Vinacles failed when it was last asked.")


@command("reset", "twodrive circuits reset 12", group=group)
@dealer_id_argument
def reset(dealer_id: int) -> None:
    """Close a dealer's circuit: its Vinacles is asked again at once, and its bulk runs go on."""
    with parts.opened() as opened:
        before = parts.dealer_of(opened, dealer_id).circuit
        opened.breaker.close(dealer_id)
    was = "was closed already" if not before.is_open else "is closed"
    click.echo(f"The circuit of dealer {dealer_id} {was}; the next request asks its Vinacles.")


def record(circuit: Circuit, now: datetime) -> dict[str, object]:
    """A circuit as JSON."""
    return {
        "state": circuit.state(now).value,
        "failures": circuit.failures,
        "reason": circuit.trouble,
        "since": _iso(circuit.opened_at),
        "next_probe_at": _iso(circuit.next_probe_at),
        "probed_now": circuit.probed(now),
    }


def words(circuit: Circuit, now: datetime) -> str:
    """A circuit in one line."""
    if circuit.trouble is None:
        return "closed"
    said = f"{circuit.failures} failure(s) in a row: 2Drive {circuit.trouble.said}"
    if circuit.opened_at is None:
        return f"closed; {said}"
    return f"{circuit.state(now)} since {screen.utc(circuit.opened_at)} UTC; {said}; {_probe(circuit, now)}"


def _record(one: DealersCircuit) -> dict[str, object]:
    return {"dealer_id": one.dealer_id, "name": one.name, **record(one.circuit, one.now)}


def _table(found: Iterable[DealersCircuit]) -> Table:
    made = screen.table(
        "dealer", "name", "circuit", "since (UTC)", "failures", "2Drive …", "next probe (UTC)"
    )
    for one in found:
        circuit = one.circuit
        made.add_row(
            str(one.dealer_id),
            screen.plain(one.name),
            circuit.state(one.now).value,
            "–" if circuit.opened_at is None else screen.utc(circuit.opened_at),
            str(circuit.failures),
            "–" if circuit.trouble is None else circuit.trouble.said,
            "–" if circuit.opened_at is None else _probe(circuit, one.now),
        )
    return made


def _probe(circuit: Circuit, now: datetime) -> str:
    if circuit.probed(now):
        return "being probed now"
    at = circuit.next_probe_at
    return "next request" if at is None or at <= now else f"probe from {screen.utc(at)} on"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
