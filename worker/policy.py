"""What may happen with a fetched workorder: decided from values alone."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from schemas.decision import Change, Decision, Fetched, Stored
from schemas.outcome import Outcome, Warning
from schemas.workorder import Contact, Intervention, Part, Workorder

#: A van that drives day and night makes about this in a year; more between two visits is likely a slip.
MILEAGE_LEAP_KM = 100_000

_HEADER = ("wo_number", "affiliate_id", "appointment_local", "mileage_km", "make", "model", "plate")
#: Follows from another field, so it is named only when it differs alone (a dealer's time zone was corrected).
_DERIVED = {"appointment_at": "appointment_local", "plate_display": "plate"}
_INTERVENTION = ("position", "title", "labor_price", "parts_price", "total_price")
_PART = ("position", "reference_code", "quantity", "price")
_CONTACT = ("last_name", "phone", "phone_as_written", "email")

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def decide(keep_importing: bool, stored: Stored | None, fetched: Fetched) -> Decision:
    """The questions in their order; the first that applies decides.

    `keep_importing` is the dealer's wish to go on importing after work has started.
    """
    if stored is None:
        return Decision(Outcome.CREATED)
    if stored.digest == fetched.digest:
        return Decision(Outcome.UNCHANGED)
    if fetched.fetched_at < stored.fetched_at:
        return Decision(Outcome.UNCHANGED, warnings=(Warning.NEWER_ANSWER_STORED,))
    if stored.workorder is None:
        raise ValueError("a stored workorder with another digest must be read before deciding")
    changes = tuple(_differences(stored.workorder, fetched.workorder))
    if not changes:
        return Decision(Outcome.UNCHANGED)
    if stored.work_started_at is not None and not keep_importing:
        return Decision(Outcome.HELD, changes)
    warnings = _mileage_warnings(stored.workorder.mileage_km, fetched.workorder.mileage_km)
    return Decision(Outcome.UPDATED, changes, warnings)


def _mileage_warnings(before: int | None, now: int | None) -> tuple[Warning, ...]:
    if before is None or now is None:
        return ()
    if now < before:
        return (Warning.MILEAGE_FELL,)
    return (Warning.MILEAGE_LEAPT,) if now - before > MILEAGE_LEAP_KM else ()


def _differences(old: Workorder, new: Workorder) -> Iterator[Change]:
    header = tuple(_fields("", old, new, _HEADER))
    yield from header
    named = {change.path for change in header}
    yield from _fields("", old, new, [name for name, source in _DERIVED.items() if source not in named])
    for number, job_before, job_now in _paired(_by_number(old), _by_number(new)):
        yield from _intervention(f"interventions.{number}", job_before, job_now)
    contacts = _paired({c.role: c for c in old.contacts}, {c.role: c for c in new.contacts})
    for role, contact_before, contact_now in contacts:
        yield from _contact(f"contacts.{role}", contact_before, contact_now)


def _by_number(workorder: Workorder) -> dict[int, Intervention]:
    return {job.job_number: job for job in workorder.interventions}


def _intervention(path: str, old: Intervention | None, new: Intervention | None) -> Iterator[Change]:
    if old is None or new is None:
        yield Change(path, _summary(old), _summary(new))
        return
    yield from _fields(f"{path}.", old, new, _INTERVENTION)
    parts = _paired({part.line_id: part for part in old.parts}, {part.line_id: part for part in new.parts})
    for line_id, part_before, part_now in parts:
        part_path = f"{path}.parts.{line_id}"
        if part_before is None or part_now is None:
            yield Change(part_path, _summary(part_before), _summary(part_now))
        else:
            yield from _fields(f"{part_path}.", part_before, part_now, _PART)


def _contact(path: str, old: Contact | None, new: Contact | None) -> Iterator[Change]:
    if old is None or new is None:
        yield Change(path, None, None)
        return
    for change in _fields(f"{path}.", old, new, _CONTACT):
        yield Change(change.path, None, None)


def _fields(prefix: str, old: object, new: object, names: Iterable[str]) -> Iterator[Change]:
    for name in names:
        before, now = getattr(old, name), getattr(new, name)
        if before != now:
            yield Change(f"{prefix}{name}", _text(before), _text(now))


def _paired(old: Mapping[K, V], new: Mapping[K, V]) -> Iterator[tuple[K, V | None, V | None]]:
    """By key: the new ones in their order, then those that are gone."""
    for key in {**new, **old}:
        yield key, old.get(key), new.get(key)


def _summary(child: Intervention | Part | None) -> str | None:
    """Enough to recognize an added or removed intervention or part."""
    if child is None:
        return None
    if isinstance(child, Intervention):
        return " ".join(filter(None, (child.title, f"{child.total_price:f}")))
    return " ".join(filter(None, (child.reference_code, f"{child.price:f}")))


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case datetime():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
