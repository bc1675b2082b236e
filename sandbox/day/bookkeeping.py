"""Nothing lost, nothing doubled: what was asked, answered, recorded and left over, counted exactly."""

from collections import Counter
from collections.abc import Iterator

from redis import Redis

from sandbox.day.comparison import Check, equal
from sandbox.day.group import ZUID, Group
from sandbox.day.records import CIRCUIT_OPEN, PASSING, Answer, Journal

_HOUSE = "The whole house"
_IMPORTS = ("workorders.import", "workorders.refresh")
_GOOD = frozenset(
    {
        *("created", "updated", "unchanged", "held", "rejected", "not_found"),
        *("recorded", "already_recorded", "recorded_before_import"),
    }
)


def account(group: Group, journal: Journal) -> tuple[Check, ...]:
    return tuple(_account(group, journal))


def _account(group: Group, journal: Journal) -> Iterator[Check]:
    answers = journal.answers
    different = len({answer.request_id for answer in answers})
    yield equal(_HOUSE, "Questions, each answered once", journal.asked, min(len(answers), different))
    yield equal(_HOUSE, "Questions that nobody answered", 0, sum(a.code == "no_answer" for a in answers))
    strange = [answer for answer in answers if not _expected(answer)]
    named = tuple(f"{answer.task}: {answer.code}" for answer in strange[:8])
    yield Check(_HOUSE, "Answers that nobody foresaw", "0", str(len(strange)), not strange, named)
    otherwise = tuple(scene.title for scene in journal.scenes if not scene.good)
    yield Check(_HOUSE, "Stories that went otherwise", "0", str(len(otherwise)), not otherwise, otherwise)
    yield _circuits(group, answers)
    yield from _attempts(group, answers)
    yield from _rows(group)
    with Redis.from_url(group.stack.redis.url_of(0)) as queues:
        left = sum(int(queues.llen(name)) for name in ("interactive", "bulk"))
    yield equal(_HOUSE, "Messages left in the queues", 0, left)


def _circuits(group: Group, answers: list[Answer]) -> Check:
    """One branch's Vinacles was down; the others must not have noticed."""
    names = {branch.dealer_id: branch.dealer.name for branch in group.branches.values()}
    opened = {names[answer.dealer_id] for answer in answers if answer.code == CIRCUIT_OPEN}
    wanted = {names[ZUID]}
    return Check(
        _HOUSE,
        "Branches that were left alone",
        ", ".join(wanted),
        ", ".join(sorted(opened)),
        opened == wanted,
    )


def _expected(answer: Answer) -> bool:
    return answer.code in PASSING or answer.code in _GOOD or answer.task == "workorders.why"


def _attempts(group: Group, answers: list[Answer]) -> Iterator[Check]:
    """Each question is recorded with an attempt per workorder, or shares the answer of an equal one."""
    recorded = Counter(
        {
            str(row["request_id"]): int(row["times"])
            for row in group.rows(
                "SELECT request_id, count(*) AS times FROM import_attempts"
                " WHERE request_id IS NOT NULL GROUP BY 1"
            )
        }
    )
    imports = [answer for answer in answers if answer.task in _IMPORTS and not answer.failed]
    right = sum(recorded[answer.request_id] in (0, len(answer.workorders)) for answer in imports)
    yield equal(_HOUSE, "Answers recorded once, or shared with an equal question", len(imports), right)
    shared = [answer for answer in imports if not recorded[answer.request_id]]
    first = {(a.dealer_id, a.task, _alike(a)) for a in imports if recorded[a.request_id]}
    orphans = [answer for answer in shared if (answer.dealer_id, answer.task, _alike(answer)) not in first]
    yield equal(
        _HOUSE, "Shared answers whose first question is recorded", len(shared), len(shared) - len(orphans)
    )


def _alike(answer: Answer) -> str:
    return answer.subject.strip().casefold().replace("-", "")


def _rows(group: Group) -> Iterator[Check]:
    [found] = group.rows(
        "SELECT (SELECT count(*) FROM workorders) AS workorders,"
        " (SELECT count(*) FROM import_attempts WHERE outcome = 'created') AS created,"
        " (SELECT count(*) FROM import_attempts WHERE outcome = 'created' AND trigger = 'bulk') AS by_bulk,"
        " (SELECT coalesce(sum(created), 0) FROM refresh_runs) AS runs_created,"
        " (SELECT count(*) - count(DISTINCT (workorder_id, fetched_at, path)) FROM workorder_changes)"
        "  AS doubled,"
        " (SELECT count(*) FROM refresh_runs WHERE state <> 'done') AS not_done,"
        " (SELECT count(*) FROM circuits WHERE opened_at IS NOT NULL) AS open_circuits"
    )
    yield equal(_HOUSE, "Workorders, each created once", found["workorders"], found["created"])
    yield equal(
        _HOUSE, "Created by bulk: attempts and runs agree", found["by_bulk"], int(found["runs_created"])
    )
    yield equal(_HOUSE, "Changes written twice", 0, found["doubled"])
    yield equal(_HOUSE, "Bulk runs that failed or are still open", 0, found["not_done"])
    yield equal(_HOUSE, "Circuits still open", 0, found["open_circuits"])
