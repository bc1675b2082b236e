"""What the tables are made of: one `metadata`, and columns and checks that come back in several of them."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Integer, MetaData, Numeric, func, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MONEY = Numeric(12, 2)
INSTANT = DateTime(timezone=True)


class Trigger(StrEnum):
    """What made the worker ask Vinacles."""

    SEARCH = "search"
    REFRESH = "refresh"
    BULK = "bulk"


class RunState(StrEnum):
    """`WAITING` until a worker first takes the run up; the first two are open, the last two final."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        return self in (RunState.WAITING, RunState.RUNNING)


class Phase(StrEnum):
    """What a run reads: the appointments of its window, then what else is known, then nothing more."""

    WINDOW = "window"
    KNOWN = "known"
    DONE = "done"


class Document(StrEnum):
    """What became of the last look at a tenant's OpenAPI document: it lists our entities, the tenant hides
    it, it describes no entity, or it could not be had."""

    LISTED = "listed"
    HIDDEN = "hidden"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


def among(column: str, members: Iterable[StrEnum]) -> str:
    """The condition that a column has one of these values."""
    listed = ", ".join(f"'{member.value}'" for member in members)
    return f"{column} IN ({listed})"


#: That a row of `refresh_runs` is of an open run.
OPEN_RUN = among("state", (state for state in RunState if state.is_open))


def one_of(column: str, members: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(among(column, members), name=f"{column}_known")


def now(name: str) -> Column[object]:
    return Column(name, INSTANT, nullable=False, server_default=func.now())


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def whole(name: str, default: int) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text(str(default)))
