"""`twodrive check`: is everything right between us and a dealer's Vinacles?"""

from collections.abc import Iterable
from dataclasses import asdict

import click

from schemas.vinacles import ENTITIES
from worker.circuit import CLOSED
from worker.cli import circuits, findings, parts, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.exits import Exit
from worker.cli.finding_lines import shown
from worker.cli.findings import Finding, Level, worst
from worker.cli.help import command, json_option
from worker.cli.inspection import Inspection
from worker.store.dealers import LoadedDealer
from worker.vinacles.probing import Probing
from worker.wiring import Parts

#: Where these are well, workorders can be read.
_ANSWERED = frozenset({"token", *(entity.name for entity in ENTITIES)})


@command("check", "twodrive check 12", "twodrive check 12 --json")
@dealer_id_argument
@json_option
def check(dealer_id: int, as_json: bool) -> None:
    """Look over a dealer's Vinacles: names, certificates, login, entities and columns, clock.

    Each line says ok, warn or fail, and what to do; skip is what an earlier failure made pointless. It reads
    at most one page of workorders and shows none of it; where columns are refused it tries each alone. What
    differs from what is expected goes on record: see `twodrive drift`. It asks also while the dealer's
    circuit is open, and closes it where Vinacles answers. Exit code 1 says that at least one line says fail.
    """
    with parts.opened() as opened:
        found = list(shown(_findings(opened, dealer_id), quiet=as_json))
    level = worst(found)
    if as_json:
        lines = [asdict(finding) for finding in found]
        screen.print_json({"dealer_id": dealer_id, "result": level, "lines": lines})
    if level is Level.FAIL:
        raise click.exceptions.Exit(Exit.FAILED)


def _findings(opened: Parts, dealer_id: int) -> Iterable[Finding]:
    loaded = parts.dealer_of(opened, dealer_id)
    settings = opened.settings
    inspection = Inspection(
        loaded.dealer,
        Probing(opened.client),
        settings.ca_bundle,
        allow_private=settings.allow_private_addresses,
    )
    found = []
    for finding in inspection.run():
        found.append(finding)
        yield finding
    answered = findings.was_answered(found, _ANSWERED)
    if answered and loaded.circuit != CLOSED:
        opened.breaker.close(dealer_id)
    yield from _drifts(opened, loaded, inspection)
    yield findings.of_circuit(circuits.words(loaded.circuit, loaded.asked_at), answered=answered)


def _drifts(opened: Parts, loaded: LoadedDealer, inspection: Inspection) -> Iterable[Finding]:
    """Put what differs on record, and say which columns are new."""
    dealer_id = loaded.dealer.dealer_id
    opened.drift.note(dealer_id, inspection.refused, loaded.drift_policy)
    if inspection.listed is not None:
        new = opened.drift.listed(dealer_id, inspection.listed, loaded.drift_policy)
        finding = findings.of_new_columns(dealer_id, new)
        if finding is not None:
            yield finding
