"""The day as a page that a manager can read."""

from collections.abc import Sequence

from sandbox.day import tables
from sandbox.day.charts import Lane, Span, latency, spoken, stacked, timeline
from sandbox.day.clock import shown
from sandbox.day.hours import GROUPS, counted, percentile, slots, waited
from sandbox.day.page import legend, page, section, tiles
from sandbox.day.records import OF_VINACLES, Answer
from sandbox.day.runs import BulkRun
from sandbox.day.told import Told, left_alone, lettered, place, told_to_wait

_BULK, _FULL, _TROUBLE, _DEPLOY, _SCENE = "#2563eb", "#1e3a8a", "#dc2626", "#7c3aed", "#0f766e"
_CIRCUIT = "#f59e0b"
#: So many marks with a number or letter stand beside each other on a lane.
_LEAST_WIDTH = 45


def report(told: Told) -> str:
    return page(
        "A day in the life of a dealer group",
        (
            _head(told),
            _verdict(told),
            _figures(told),
            _timeline(told),
            _outcomes(told),
            _latency(told),
            tables.troubles(told),
            tables.scenes(told),
            tables.bulk(told),
            tables.comparison(told),
            tables.held(told),
            tables.how(told),
        ),
    )


def _head(told: Told) -> str:
    hours = f"{shown(0)} to {shown(told.program.minutes)}"
    return (
        "<header><h1>A day in the life of a dealer group</h1>"
        f'<p class="quiet">{len(told.branches)} branches, {hours}, played in {told.seconds:.0f} seconds on'
        f" {told.began:%d %B %Y}. Invented people and cars; real programs.</p></header>"
    )


def _verdict(told: Told) -> str:
    checks = told.compared.checks
    bad = [check for check in checks if not check.good]
    if not bad:
        words = "Nothing was lost, nothing was doubled."
        more = (
            f"At the day's end PostgreSQL has what Vinacles has, except for {len(told.compared.held)}"
            f" workorders that are held because work has started. All {len(checks)} checks agree."
        )
    else:
        words = f"{len(bad)} of {len(checks)} checks differ."
        more = "; ".join(f"{check.where}: {check.what}" for check in bad)
    kind = "verdict" if not bad else "verdict bad"
    paragraphs = "".join(f"<p>{each}</p>" for each in (more, waiting(told.answers)) if each)
    return f'<section class="{kind}"><strong>{words}</strong>{paragraphs}</section>'


def waiting(answers: Sequence[Answer]) -> str:
    """What became of those who were told to try again later; nothing where nobody was."""
    told, answered = told_to_wait(answers)
    if not told:
        return ""
    why = "Vinacles was down or busy"
    if any(answer.code not in OF_VINACLES for answer in told):
        why += ", or a part of the house was away"
    if rest := len(told) - len(answered):
        later = (
            f"{len(answered):,} of these were answered when asked again; people gave up on the other {rest}."
        )
    else:
        later = "Each of these was answered when it was asked again."
    return f"{len(told):,} of {len(answers):,} questions were told to try again later, while {why}. {later}"


def _figures(told: Told) -> str:
    good = [answer for answer in told.answers if not answer.failed]
    seconds = [answer.seconds for answer in good]
    share = len(good) / max(len(told.answers), 1)
    workorders = sum(run.seen for run in told.runs)
    return tiles(
        {
            "questions by people": f"{len(told.answers):,}",
            "answered at once": f"{share:.1%}",
            "median answer": spoken(percentile(seconds, 0.5) or 0),
            "95 % of answers within": spoken(percentile(seconds, 0.95) or 0),
            "bulk refreshes": f"{len(told.runs)}",
            "workorders read by them": f"{workorders:,}",
            "changes made in Vinacles": f"{told.journal.dms_changes:,}",
            "troubles and deploys survived": f"{len(told.journal.troubles)}",
        }
    )


def _timeline(told: Told) -> str:
    minutes = told.program.minutes
    lanes = [
        *(Lane(f"Bulk {place(name)}", _runs(told, dealer_id)) for dealer_id, name in told.branches.items()),
        Lane("Troubles and deploys", _troubles(told, minutes / _LEAST_WIDTH)),
        Lane("Left alone (circuit open)", _circuits(told)),
        Lane("People's stories", _stories(told, minutes / _LEAST_WIDTH)),
    ]
    colors = {
        "bulk refresh of what changed": _BULK,
        "of everything": _FULL,
        "trouble with Vinacles": _TROUBLE,
        "left alone": _CIRCUIT,
        "deploy": _DEPLOY,
        "story": _SCENE,
    }
    said = "Numbers and letters are explained below. Evening refreshes come after the doors are closed."
    return section("What happened when", said, timeline(minutes, lanes), legend(colors))


def _runs(told: Told, dealer_id: int) -> list[Span]:
    runs = (run for run in told.runs if run.dealer_id == dealer_id and run.began <= told.program.minutes)
    return [_span(run) for run in runs]


def _troubles(told: Told, least: float) -> list[Span]:
    """As wide as their numbers at least."""
    return [
        Span(
            trouble.began,
            max(trouble.ended, trouble.began + least),
            _DEPLOY if "Deploy" in trouble.title else _TROUBLE,
            f"{shown(trouble.began)} {trouble.title}",
            str(number),
        )
        for number, trouble in enumerate(told.journal.troubles, 1)
    ]


def _stories(told: Told, width: float) -> list[Span]:
    """Beside each other where they come close: the table has their moments."""
    spans: list[Span] = []
    for letter, scene in lettered(told):
        began = max(scene.minute, spans[-1].ended if spans else 0)
        title = f"{shown(scene.minute)} {scene.title}"
        spans.append(Span(began, began + width, _SCENE, title, letter))
    return spans


def _circuits(told: Told) -> list[Span]:
    return [
        Span(each.began, each.ended, _CIRCUIT, f"{shown(each.began)} to {shown(each.ended)}", each.branch)
        for each in left_alone(told)
    ]


def _span(run: BulkRun) -> Span:
    title = f"{shown(run.began)}: {run.seen} read, {run.created} new, {run.updated} updated, {run.held} held"
    return Span(run.began, run.ended, _FULL if run.full else _BULK, title)


def _outcomes(told: Told) -> str:
    cut = slots(told.program.minutes)
    series = counted(told.answers, cut)
    said = "Every answer that a person received, by when it was asked for."
    return section(
        "Answers by outcome",
        said,
        stacked(cut.names, series),
        legend({name: GROUPS[name] for name in series}),
    )


def _latency(told: Told) -> str:
    cut = slots(told.program.minutes)
    good = [answer for answer in told.answers if not answer.failed]
    chart = latency(cut.names, waited(good, cut, 0.5), waited(good, cut, 0.95))
    said = (
        "Real time from sending the message until the answer was stored, of answers that were no failure."
        " Troubles, and messages that waited for a deploy, are among them."
    )
    colors = {"half of the answers within": "#2563eb", "95 % within": "#d97706"}
    return section("How long answers took", said, chart, legend(colors))
