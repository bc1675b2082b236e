"""What `twodrive check` says about each thing it looked at: decided from values alone."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.drift import Drift, Kind
from schemas.vinacles import Entity
from worker.errors import TwoDriveError

#: A certificate is usually renewed 30 days before its end; two weeks late deserves attention.
_DAYS_LEFT = 14
#: Tokens and Retry-After dates bear a minute; more hints at a clock that nobody sets.
_MOST_SKEW_SECONDS = 60


class Level(StrEnum):
    """How bad it is. `skip`: could not be looked at because of an earlier failure."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `next_step` is empty where nothing is to be done."""

    level: Level
    check: str
    text: str
    next_step: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """`fail`, else `warn`, else `ok`."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.FAIL, Level.WARN) if level in levels), Level.OK)


def failed(check: str, error: TwoDriveError) -> Finding:
    return Finding(Level.FAIL, check, error.text.rstrip(), error.next_step)


def skipped(check: str, because_of: str) -> Finding:
    return Finding(Level.SKIP, check, f"not looked at, since {because_of} failed")


def of_pause(dealer_id: int, *, paused: bool) -> Finding:
    if not paused:
        return Finding(Level.OK, "record", "the dealer is not paused")
    step = f"Resume it: twodrive dealers set {dealer_id} --no-paused"
    return Finding(Level.WARN, "record", "the dealer is paused: nothing is imported", step)


def of_circuit(was: str, *, answered: bool) -> Finding:
    """`was` is the circuit before the check, in words; that Vinacles `answered` closes it."""
    if was == "closed":
        return Finding(Level.OK, "circuit", was)
    if answered:
        return Finding(Level.OK, "circuit", f"closed by this check; before it: {was}")
    step = "It closes by itself with the first answer; see above what fails."
    return Finding(Level.WARN, "circuit", was, step)


def was_answered(findings: Iterable[Finding], needed: Iterable[str]) -> bool:
    """Whether none of the `needed` checks failed or was skipped."""
    lacking = {finding.check for finding in findings if finding.level in (Level.FAIL, Level.SKIP)}
    return lacking.isdisjoint(needed)


def of_addresses(check: str, addresses: Sequence[str]) -> Finding:
    if addresses:
        return Finding(Level.OK, check, ", ".join(addresses))
    step = "Correct the URL in the dealer's record, or this machine's name servers and network."
    return Finding(Level.FAIL, check, "the name cannot be resolved", step)


def of_certificate(check: str, ends: datetime | None, now: datetime) -> Finding:
    """`ends` is None on this machine, where no TLS is needed."""
    if ends is None:
        return Finding(Level.OK, check, "answers on this machine, without TLS")
    days = math.floor((ends - now).total_seconds() / 86_400)
    text = f"the certificate is trusted and valid for {days} more days"
    if days >= _DAYS_LEFT:
        return Finding(Level.OK, check, text)
    return Finding(Level.WARN, check, text, "Ask who runs the host to renew it in time.")


def of_untrusted(check: str, because: str) -> Finding:
    step = "Name the right certificates in TWODRIVE_CA_BUNDLE, or ask who runs the host."
    return Finding(Level.FAIL, check, f"the certificate is not trusted: {because}", step)


def of_no_connection(check: str) -> Finding:
    step = "Check the URL in the dealer's record, firewalls, and whether the host is up."
    return Finding(Level.FAIL, check, "no connection", step)


def of_version(version: str | None) -> Finding:
    return Finding(Level.OK, "API", f"Data API builder {version or 'of an unknown version'} answers")


def of_hidden_root() -> Finding:
    step = "Nothing to do: some tenants hide it. The lines below say whether the API works."
    return Finding(Level.WARN, "API", "GET / is hidden", step)


def of_openapi(differences: Sequence[Drift] | None) -> Finding:
    """New columns are another matter: see `of_new_columns`."""
    if differences is None:
        step = "Nothing to do: many tenants hide it. The lines below say what can be read."
        return Finding(Level.WARN, "OpenAPI", "the document is hidden or describes no entity", step)
    if not differences:
        return Finding(Level.OK, "OpenAPI", "every entity and column that we read is listed")
    text = "; ".join(drift.words for drift in differences)
    if all(drift.kind is Kind.RETYPED_COLUMN for drift in differences):
        step = "Look whether such a workorder is read well (twodrive import), or ask Vinacles."
        return Finding(Level.WARN, "OpenAPI", text, step)
    step = "Ask Vinacles for their names, and correct schemas/vinacles.py."
    return Finding(Level.FAIL, "OpenAPI", text, step)


def of_new_columns(dealer_id: int, new: Sequence[Drift]) -> Finding | None:
    """None where there are none: it is no news."""
    if not new:
        return None
    text = f"new, and not asked for: {', '.join(drift.field for drift in new)}"
    step = f"Nothing to do for imports. See them with: twodrive drift {dealer_id}"
    return Finding(Level.WARN, "new columns", text, step)


def of_refused_columns(entity: Entity, columns: Sequence[str]) -> Finding:
    step = "Ask Vinacles for their new names, or for the right to read them; correct schemas/vinacles.py."
    return Finding(Level.FAIL, entity.name, f"missing or not to be read: {', '.join(columns)}", step)


def of_probe(entity: Entity, *, has_rows: bool) -> Finding:
    if has_rows:
        return Finding(Level.OK, entity.name, f"{len(entity.columns)} columns can be read")
    step = "Ask Vinacles whether this login may see rows, and whether the dealer has any."
    return Finding(Level.WARN, entity.name, "can be read, and has no row", step)


def of_datetime_filter(*, works: bool) -> Finding:
    if works:
        return Finding(Level.OK, "date filter", "filters on date-times work")
    step = "Nothing to do for imports. Ask Vinacles to map AppointmentDate as datetime2."
    return Finding(Level.WARN, "date filter", "filters on date-times are refused", step)


def of_page_size(rows: int, *, given: bool) -> Finding:
    if given:
        return Finding(Level.OK, "page size", f"pages of {rows} rows are given")
    step = "Nothing must be done: imports take more requests. Ask Vinacles for a larger maximum."
    return Finding(Level.WARN, "page size", f"pages of {rows} rows are refused", step)


def of_clock(skew_seconds: float | None) -> Finding:
    if skew_seconds is None:
        return Finding(Level.WARN, "clock", "no answer carries a readable Date header", "Nothing to do.")
    direction = "ahead of" if skew_seconds > 0 else "behind"
    text = f"the clock of Vinacles is {abs(skew_seconds):.0f} s {direction} ours"
    if abs(skew_seconds) <= _MOST_SKEW_SECONDS:
        return Finding(Level.OK, "clock", text)
    return Finding(Level.WARN, "clock", text, "Check this machine's time service, then tell Vinacles.")
