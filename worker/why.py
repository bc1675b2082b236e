"""Why a workorder is or is not in Claire, decided from values alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.dealer import Dealer, Neighbor
from schemas.near import MatchedBy
from schemas.verdicts import Verdict
from schemas.vinacles import Row
from schemas.why import AtNeighbor, Finding
from schemas.why_words import Once
from worker import elsewhere
from worker.assessment import Reading
from worker.circuit import CLOSED, Circuit
from worker.errors import TwoDriveError
from worker.findings import VINACLES_IS_AWAY, Branch, Kept, Refusal

#: What matters most comes first.
_ORDER = (
    Verdict.REJECTED,
    Verdict.HELD,
    Verdict.VANISHED,
    Verdict.OUTDATED,
    Verdict.POSSIBLE_SWAP,
    Verdict.OUTSIDE_DAYS,
    Verdict.NEVER_ASKED,
    Verdict.IMPORTED,
)
#: Why it could not be looked at is told after what is known all the same.
_PROBLEMS = (Verdict.VINACLES_AWAY, Verdict.CIRCUIT_OPEN, Verdict.CANNOT_LOOK, Verdict.CANNOT_ASK)
#: They advise to search, which is no help while an import waits.
_SEARCH_FOR_IT = (Verdict.OUTSIDE_DAYS, Verdict.NEVER_ASKED, Verdict.NOT_HERE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What Vinacles has now: what was read of the matches; and, where there is none, `elsewhere` at branches
    that are not imported, and rows of any branch that are nearly what was typed."""

    readings: Sequence[Reading] = ()
    elsewhere: Sequence[Row] = ()
    near: Mapping[MatchedBy, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What Claire has, by DMS number, and what was refused; whether an import of it is waiting; since when
    Vinacles has left this dealer's attempts unanswered, and its circuit. `neighbors` are the other dealers of
    its group, `at_neighbor` what one of them has in Claire under what was typed."""

    kept: Mapping[int, Kept]
    refused: Sequence[Refusal] = ()
    waiting: bool = False
    failing_since: datetime | None = None
    circuit: Circuit = CLOSED
    neighbors: Sequence[Neighbor] = ()
    at_neighbor: AtNeighbor | None = None


def explained(
    dealer: Dealer, known: Known, seen: Seen | TwoDriveError | None, now: datetime
) -> list[Finding]:
    """At least one finding, the one that matters most first. `seen` is None where nobody asked, or the error
    that came instead."""
    branch = Branch(dealer, now)
    if isinstance(seen, Seen):
        findings = _found(branch, known, seen.readings) or [
            elsewhere.found(seen.elsewhere, seen.near, dealer.affiliates, known.neighbors)
        ]
    else:
        refused = {refusal.dms_number for refusal in known.refused}
        findings = [branch.kept(kept) for number, kept in known.kept.items() if number not in refused]
        findings += [branch.refused(one, _kept(known, one.dms_number)) for one in known.refused]
        if not findings and known.at_neighbor is not None:
            findings = [elsewhere.at(known.at_neighbor)]
        if isinstance(seen, TwoDriveError):
            findings.append(branch.failed(seen, known.failing_since, known.circuit))
        findings = findings or [Finding(Verdict.NOT_HERE)]
    once = _once(dealer, seen)
    findings = [replace(finding, once=once) for finding in findings]
    if dealer.paused:
        findings.insert(0, Finding(Verdict.PAUSED))
    elif known.waiting and not known.kept:
        findings = [one for one in findings if one.verdict not in _SEARCH_FOR_IT]
        findings.insert(0, Finding(Verdict.WAITING))
    return sorted(findings, key=_rank)


def _found(branch: Branch, known: Known, readings: Sequence[Reading]) -> list[Finding]:
    """What is read of the matches, beside what Claire has. One whose DMS number cannot be read is told too:
    it may be any that Claire has, so none of those is called gone."""
    numbered = {number: found for found in readings if (number := found.dms_number) is not None}
    nameless = [found for found in readings if found.dms_number is None]
    others = {number: kept for number, kept in known.kept.items() if number not in numbered}
    findings = [
        branch.both(number, known.kept.get(number), found, _before(known, number, found))
        for number, found in numbered.items()
    ]
    for found in nameless:
        number = next((number for number, kept in others.items() if kept.wo_number == found.wo_number), None)
        kept = None if number is None else others.pop(number)
        findings.append(branch.both(number, kept, found, _before(known, number, found)))
    return findings + [branch.kept(kept) if nameless else branch.gone(kept) for kept in others.values()]


def _before(known: Known, number: int | None, found: Reading) -> Refusal | None:
    """That it had been refused already."""
    return next(
        (
            refusal
            for refusal in known.refused
            if refusal.dms_number == number and (number is not None or refusal.wo_number == found.wo_number)
        ),
        None,
    )


def _kept(known: Known, number: int | None) -> Kept | None:
    return None if number is None else known.kept.get(number)


def _once(dealer: Dealer, seen: Seen | TwoDriveError | None) -> Once | None:
    """When searching works again; None where it works now, as far as is known."""
    if dealer.paused:
        return Once.RESUMED
    if not isinstance(seen, TwoDriveError):
        return None
    return Once.ANSWERS if seen.code in VINACLES_IS_AWAY else Once.MENDED


def _rank(finding: Finding) -> int:
    if finding.verdict in _PROBLEMS:
        return len(_ORDER)
    return _ORDER.index(finding.verdict) if finding.verdict in _ORDER else -1
