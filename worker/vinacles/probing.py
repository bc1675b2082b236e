"""Looking a tenant over for an operator: is it up, what does it show, may we read it, is its clock right."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from schemas.dealer import Dealer
from schemas.vinacles import APPOINTMENT, WORKORDER, Entity
from worker.deadline import Deadline
from worker.errors import ConfigurationError, ErrorCode, VinaclesRefused, VinaclesUnavailable
from worker.vinacles.answers import rows
from worker.vinacles.client import Asking, Client
from worker.vinacles.failures import Unreadable
from worker.vinacles.judging import Answer
from worker.vinacles.query import at_least
from worker.vinacles.reading import Query

T = TypeVar("T")
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Status:
    """What Data API builder says of itself at `/`; None for what it leaves out."""

    status: str | None
    version: str | None
    clock_skew_seconds: float | None


@dataclass(frozen=True, slots=True)
class Probed:
    """`has_rows` is False for an empty entity; `clock_skew_seconds` is positive where their clock is ahead
    of ours, None where they send no Date."""

    has_rows: bool
    clock_skew_seconds: float | None


class Probing:
    """Every method raises what `Client.get` raises, unless it says otherwise."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def status(self, dealer: Dealer, deadline: Deadline) -> Status | None:
        """`GET /`, without a login; None where it is hidden, or something else is shown there."""
        asking = replace(_asking(dealer, deadline), hideable=True)
        answer = _shown(lambda: self._client.get(asking, "/", dict, anonymous=True))
        if answer is None:
            return None
        said = answer.content
        return Status(_text(said.get("status")), _text(said.get("version")), _skew(answer))

    def log_in(self, dealer: Dealer, deadline: Deadline) -> None:
        """Get a token from the token URL, whatever it answered a moment ago, or the fleet's that is still
        good."""
        self._client.log_in(_asking(dealer, deadline))

    def openapi(
        self, dealer: Dealer, deadline: Deadline, *, interactive: bool = True
    ) -> dict[str, object] | None:
        """The OpenAPI document, None where it is hidden, or something else is shown there. `interactive` says
        that a person waits for it."""
        asking = replace(_asking(dealer, deadline, interactive=interactive), hideable=True)
        answer = _shown(lambda: self._client.get(asking, "/api/openapi", dict, keep_token=True))
        return answer.content if answer else None

    def probe(self, dealer: Dealer, entity: Entity, deadline: Deadline) -> Probed:
        """Ask for one row with every column that we need."""
        answer = self._client.get(_asking(dealer, deadline), Query(entity, first=1).target(), rows)
        return Probed(bool(answer.content), _skew(answer))

    def refused_columns(self, dealer: Dealer, entity: Entity, deadline: Deadline) -> tuple[str, ...]:
        """Those columns of an entity that cannot be asked for, each tried alone. Empty where none can: then
        it is not about columns."""
        refused = []
        for column in entity.columns:
            try:
                self.probe(dealer, replace(entity, columns=(column,)), deadline)
            except VinaclesRefused:
                refused.append(column)
            except ConfigurationError as error:
                if error.code is not ErrorCode.VINACLES_NOT_ALLOWED:
                    raise
                refused.append(column)
        return tuple(refused) if len(refused) < len(entity.columns) else ()

    def probe_page_size(self, dealer: Dealer, rows_asked: int, deadline: Deadline) -> bool:
        """Whether pages of this many rows are given: more than the server's maximum is a 400."""
        query = Query(WORKORDER, first=rows_asked)
        try:
            self._client.get(_asking(dealer, deadline), query.target(), rows)
        except VinaclesRefused:
            return False
        return True

    def probe_datetime_filter(self, dealer: Dealer, deadline: Deadline) -> bool:
        """Whether a filter on a date-time works: on some column types it is a 400 or 500 (DAB issue 3760)."""
        query = Query(WORKORDER, at_least(APPOINTMENT, _LONG_AGO), first=1)
        try:
            doubted = replace(_asking(dealer, deadline), doubted=True)
            self._client.get(doubted, query.target(), rows)
        except VinaclesRefused:
            return False
        except VinaclesUnavailable as error:
            if not error.few_tries:
                raise
            return False
        return True


def _asking(dealer: Dealer, deadline: Deadline, *, interactive: bool = True) -> Asking:
    """An operator who looks is not kept away by what others were told."""
    return Asking(dealer.connection, deadline, dealer=dealer, interactive=interactive, insists=interactive)


def _shown(ask: Callable[[], Answer[dict[str, object]]]) -> Answer[dict[str, object]] | None:
    try:
        return ask()
    except (VinaclesRefused, Unreadable):
        return None
    except ConfigurationError as error:
        if error.code is not ErrorCode.VINACLES_NOT_ALLOWED:
            raise
        return None


def _skew(answer: Answer[T]) -> float | None:
    if answer.server_time is None:
        return None
    return (answer.server_time - answer.received_at).total_seconds()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
