"""`twodrive why`: the answer for a receptionist, from a terminal."""

import click
from rich.table import Table

from schemas.messages import InvalidMessage, WhyRequest, load
from schemas.verdicts import Verdict
from schemas.why import Finding, WhyAnswer, dump_why
from worker.cli import parts, screen
from worker.cli.dealer_options import dealer_id_argument
from worker.cli.exits import Exit
from worker.cli.help import command, json_option
from worker.cli.words import LANGUAGES

#: Where there is no number to name.
_ANSWER = {"en": "answer", "nl": "antwoord"}
_FOR_OPERATORS = {"en": "for operators", "nl": "voor beheerders"}


@command(
    "why",
    "twodrive why 12 WO-2026-0117",
    "twodrive why 12 12-BDF-3 --language nl",
    "twodrive why 12 WO-2026-0117 --offline --json",
)
@dealer_id_argument
@click.argument("search")
@click.option("--offline", is_flag=True, help="Answer from what is stored, without asking the DMS.")
@click.option(
    "--language", type=click.Choice(list(LANGUAGES)), default="en", help="Language of the sentences [en]."
)
@json_option
def why(dealer_id: int, search: str, offline: bool, language: str, as_json: bool) -> None:
    """Say why a workorder is or is not in Claire: SEARCH is its WO number or plate, in any spelling.

    Looks at what is stored and asks the DMS, and imports nothing. Exit code 4 says that it is not in Claire,
    or no longer in the DMS.
    """
    try:
        request = load(WhyRequest, {"dealer_id": dealer_id, "search": search, "offline": offline})
    except InvalidMessage as error:
        raise click.UsageError(str(error)) from None
    with parts.opened() as opened, screen.progress("Looking here" if offline else "Asking the DMS"):
        answer = opened.inquiry.why(request, opened.interactive_deadline())
    if as_json:
        screen.print_json(dump_why(answer))
    else:
        _show(answer, language)
    if not any(map(_is_in_claire, answer.findings)):
        raise click.exceptions.Exit(Exit.NO)


def _is_in_claire(finding: Finding) -> bool:
    """Also where the DMS's newest version cannot be used."""
    return finding.workorder_id is not None and finding.verdict is not Verdict.VANISHED


def _show(answer: WhyAnswer, language: str) -> None:
    console = screen.out()
    for finding in answer.findings:
        console.print(_told(finding, language))


def _told(finding: Finding, language: str) -> Table:
    named = [finding.wo_number or "", "" if finding.dms_number is None else f"DMS {finding.dms_number}"]
    rows = [(" · ".join(filter(None, named)) or _ANSWER[language], finding.said(language))]
    rows.append(("→", finding.next_step(language)))
    if finding.problem:
        rows.append((_FOR_OPERATORS[language], finding.problem))
    return screen.pairs(rows)
