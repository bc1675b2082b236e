"""`twodrive import` and `twodrive refresh`: what Claire's backend asks for, from a terminal."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from schemas.messages import ImportRequest, RefreshRequest
from schemas.outcome import ImportResult, Outcome
from worker.cli import asking, parts, screen
from worker.cli.cards import Reader, card
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.exits import Exit
from worker.cli.help import command, json_option, together
from worker.cli.words import LANGUAGES, Words
from worker.store.workorders import card as stored_card
from worker.wiring import Parts

_NO = frozenset({Outcome.HELD, Outcome.REJECTED, Outcome.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Options:
    """`contacts` is None where the terminal decides."""

    local: bool
    as_json: bool
    language: str
    contacts: bool | None


_options = together(
    click.option(
        "--local",
        is_flag=True,
        help="Import in this process, without queue and worker, also while the circuit is open.",
    ),
    json_option,
    click.option(
        "--language", type=click.Choice(list(LANGUAGES)), default="en", help="Language of the sentences [en]."
    ),
    click.option(
        "--contacts/--no-contacts",
        default=None,
        help="Show names, telephone numbers and e-mail addresses [on a terminal only; never in JSON].",
    ),
)


@command(
    "import",
    "twodrive import 12 12-ABC-3",
    "twodrive import 12 WO-2026-0117 --language nl --no-contacts",
    "twodrive import 12 12abc3 --json",
)
@dealer_id_argument
@click.argument("search")
@_options
def import_workorder(dealer_id: int, search: str, **options: Any) -> None:
    """Import what SEARCH finds: a WO number or a plate, in any spelling.

    Exit code 4 says that at least one workorder was rejected, not found or held.
    """
    with parts.opened() as opened:
        arguments = {"dealer_id": dealer_id, "search": search, "request_id": _request_id()}
        chosen = Options(**options)
        answer = asking.answer_of(opened, ImportRequest, arguments, local=chosen.local)
        _finish(opened, dealer_id, answer, chosen)


@command(
    "refresh",
    "twodrive refresh 12 WO-2026-0117",
    "twodrive refresh 12 9f0c2b9e-6c0e-5a53-8f77-0a6a3c6f1f10 --local",
)
@dealer_id_argument
@click.argument("workorder")
@_options
def refresh_workorder(dealer_id: int, workorder: str, **options: Any) -> None:
    """Import again a WORKORDER that Claire has: its workorder_id, or its WO number.

    Exit code 4 says that it was rejected, not found or held.
    """
    with parts.opened() as opened:
        workorder_id = asking.workorder_id_of(opened, dealer_id, workorder)
        arguments = {"dealer_id": dealer_id, "workorder_id": workorder_id, "request_id": _request_id()}
        chosen = Options(**options)
        answer = asking.answer_of(opened, RefreshRequest, arguments, local=chosen.local)
        _finish(opened, dealer_id, answer, chosen)


def _request_id() -> str:
    return f"cli-{uuid4().hex[:12]}"


def _finish(opened: Parts, dealer_id: int, answer: Mapping[str, Any], options: Options) -> None:
    if options.as_json:
        screen.print_json(answer)
    else:
        _show(opened, dealer_id, asking.as_value(answer), options)
    if any(one["outcome"] in _NO for one in answer["workorders"]):
        raise click.exceptions.Exit(Exit.NO)


def _show(opened: Parts, dealer_id: int, result: ImportResult, options: Options) -> None:
    words = LANGUAGES[options.language]
    dealer = parts.dealer_of(opened, dealer_id).dealer
    contacts = sys.stdout.isatty() if options.contacts is None else options.contacts
    reader = Reader(words, dealer, datetime.now(ZoneInfo(dealer.time_zone)).date(), contacts)
    ids = [one.workorder_id for one in result.workorders if one.workorder_id]
    with opened.database.transaction() as connection:
        stored = {found: stored_card(connection, dealer_id, found) for found in ids}
    console = screen.out()
    for one in result.workorders:
        console.print(card(one, stored.get(one.workorder_id) if one.workorder_id else None, reader))
    console.print(_footer(result, words))


def _footer(result: ImportResult, words: Words) -> Text:
    said = [words.labels["truncated"]] if result.truncated else []
    return Text(" ".join([*said, f"request_id {result.request_id}"]), "dim")
