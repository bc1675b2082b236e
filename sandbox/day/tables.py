"""The report's tables: troubles, stories, bulk, the comparison, what is held, and what was played."""

from collections.abc import Iterable

from sandbox.day.charts import spoken
from sandbox.day.clock import shown
from sandbox.day.comparison import Check
from sandbox.day.hours import percentile
from sandbox.day.page import codes, section, table, verdict_of
from sandbox.day.records import Answer, Trouble
from sandbox.day.told import Told, left_alone, lettered, place

_MOST_HELD = 40


def troubles(told: Told) -> str:
    rows = [
        (
            str(number),
            shown(trouble.began),
            trouble.title,
            trouble.what,
            _branches(told, trouble),
            f"{trouble.seconds:.1f} s" if trouble.seconds >= 0.05 else "a moment",
            *_met(told.answers, trouble),
            "–" if trouble.recovered_seconds is None else f"{trouble.recovered_seconds:.1f} s",
        )
        for number, trouble in enumerate(told.journal.troubles, 1)
    ]
    columns = (
        "",
        "at",
        "trouble",
        "what happens",
        "branches",
        "lasts",
        "asked",
        "told to wait",
        "well after",
    )
    said = (
        "Lasts and well after are real seconds; well after is from the trouble's end until each of its"
        " branches had a good answer again. What became of who was told to wait is said at the top."
    )
    return section(
        "Troubles and deploys, and how long until all was well",
        said,
        table(columns, rows, (5, 6, 7, 8)),
        _others(told),
    )


def _others(told: Told) -> str:
    """How the other branches fared while one was left alone."""
    made = []
    for span in left_alone(told):
        met = [
            answer
            for answer in told.answers
            if span.began <= answer.minute <= span.ended
            and place(told.branches[answer.dealer_id]) != span.branch
        ]
        good = [answer.seconds for answer in met if not answer.failed]
        made.append(
            f"<p>While {span.branch} was left alone, the other branches asked {len(met)} times:"
            f" {len(good)} were answered, 95 % of them within {spoken(percentile(good, 0.95) or 0)}.</p>"
        )
    return "".join(made)


def _met(answers: Iterable[Answer], trouble: Trouble) -> tuple[str, str]:
    """How many asked meanwhile, and how many of them in vain."""
    met = [
        a for a in answers if a.dealer_id in trouble.dealers and trouble.began <= a.minute <= trouble.ended
    ]
    return str(len(met)), str(sum(answer.failed for answer in met))


def _branches(told: Told, trouble: Trouble) -> str:
    if len(trouble.dealers) == len(told.branches):
        return "all"
    return ", ".join(place(told.branches[dealer_id]) for dealer_id in trouble.dealers)


def scenes(told: Told) -> str:
    rows = [
        (letter, shown(scene.minute), told.branches[scene.dealer_id], scene.title, scene.told)
        for letter, scene in lettered(told)
    ]
    return section("Stories of the day", "", table(("", "at", "branch", "what", "what people saw"), rows))


def bulk(told: Told) -> str:
    rows = []
    for dealer_id, name in told.branches.items():
        runs = [run for run in told.runs if run.dealer_id == dealer_id]
        sums = [sum(getattr(run, field) for run in runs) for field in _SUMMED]
        slowest = max((run.seconds for run in runs), default=0)
        middle = percentile([run.seconds for run in runs], 0.5) or 0
        rows.append((name, str(len(runs)), *(f"{each:,}" for each in sums), spoken(middle), spoken(slowest)))
    columns = ("branch", "runs", *_SUMMED, "median", "longest")
    said = "Every branch is due at intervals, and in full in the evening."
    return section("Bulk refreshes", said, table(columns, rows, range(1, len(columns))))


_SUMMED = ("seen", "created", "updated", "held", "missing", "requests")


def comparison(told: Told) -> str:
    said = (
        "Expected is made of Vinacles' rows, read over plain HTTP, and of what people typed and started;"
        " found is what PostgreSQL has."
    )
    columns = ("where", "what", "expected", "found", "")
    rows = [_compared(check) for check in told.compared.checks]
    return section("At the day's end", said, table(columns, rows, (2, 3)), long=True)


def _compared(check: Check) -> tuple[str, ...]:
    words = "equal" if check.good else " ".join(["differs:", *check.differing])
    return check.where, check.what, check.expected, check.found, verdict_of(check.good, words)


def held(told: Told) -> str:
    held = told.compared.held
    rows = [(each.branch, each.wo_number, codes(each.fields)) for each in held[:_MOST_HELD]]
    more = f" The first {_MOST_HELD} of {len(held)}." if len(held) > _MOST_HELD else ""
    said = (
        "Work has started on these, and Vinacles has changed since. Claire keeps what the mechanic began"
        " with, as these branches want it; Garage Zuid wants to go on importing, so nothing of it is"
        f" held.{more}"
    )
    columns = ("branch", "workorder", "fields that differ in Vinacles")
    return section("What is held, and why", said, table(columns, rows), long=True)


def how(told: Told) -> str:
    pace = told.program.minutes_per_second
    lines = (
        f"<p>Played: the time of day. {told.program.minutes} minutes pass at {pace:g} per second. What people"
        f" do is drawn with seed {told.seed}; what goes wrong has its fixed hour; branches are due by the"
        " played clock.</p>"
        "<p>Real: PostgreSQL, Redis, the workers and their processes, every message and every row, all waits,"
        " tries and pauses, and every figure in seconds. Vinacles is a simulator that answers, pages and"
        " fails like it, in processes of its own on the same machine.</p>"
        '<p>Play it yourself: <code>make day</code>; another day: <code>make day ARGS="--seed 2"</code>.</p>'
    )
    return section("What is played and what is real", "", lines)
