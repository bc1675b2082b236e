"""Comparing what a dealer's Vinacles lists of itself with our mapping, once a day, while nobody looks.

A column that nobody asks for is in no row that is read, so rows alone never tell of a new one. One request
per dealer and look, which counts as bulk work for the dealer's limits. A Vinacles that is left alone is not
asked, and how a look ends says nothing to the circuit: a tenant that hides the document may be quite well.
"""

from collections import Counter
from collections.abc import Mapping

import structlog

from schemas import openapi
from schemas.vinacles import ENTITIES
from worker.circuit import Entry, entry
from worker.deadline import Deadline
from worker.drift import DriftWatch
from worker.errors import ConfigurationError, ErrorCode, VinaclesRefused, VinaclesUnavailable
from worker.store.columns import Document
from worker.store.dealers import Dealers, LoadedDealer
from worker.store.listing import AGAIN_HOURS, claim_look, looked
from worker.store.session import Database
from worker.vinacles.probing import Probing

#: For all looks of one ring; who is left waits for the next.
SECONDS = 180.0
#: For one dealer; a host that was scaled to zero wakes up in the course of one or two looks.
_LOOK_SECONDS = 30.0
#: Nobody waits for it, and the next ring tries again.
LOOK_TRIES = 3

_log = structlog.get_logger(__name__)


class Listing:
    """`every_hours` is the time from a look to the next; 0 is for never."""

    def __init__(
        self,
        database: Database,
        dealers: Dealers,
        probing: Probing,
        drift: DriftWatch,
        every_hours: int,
    ) -> None:
        self._database = database
        self._dealers = dealers
        self._probing = probing
        self._drift = drift
        self._every_hours = every_hours

    def look_at_due(self, deadline: Deadline) -> Mapping[str, int]:
        """Look at each dealer that is due, one after the other, until the time is over. Returns how many
        looks ended how. Raises StorageUnavailable."""
        ended: Counter[str] = Counter()
        while self._every_hours and deadline.remaining() > _LOOK_SECONDS:
            with self._database.transaction() as connection:
                dealer_id = claim_look(connection)
            if dealer_id is None:
                break
            document = self.look(dealer_id)
            ended[document.value if document else "left_alone"] += 1
        return ended

    def look(self, dealer_id: int) -> Document | None:
        """One dealer, now; None where nobody asks its Vinacles for the time being.

        What differs goes on record, and each change is told once: also one from a document that can be read
        to one that cannot. Raises StorageUnavailable.
        """
        code: ErrorCode | None = None
        try:
            document = self._looked(dealer_id)
        except (ConfigurationError, VinaclesRefused, VinaclesUnavailable) as error:
            document, code = Document.UNREADABLE, error.code
        if document is not None:
            self._note(dealer_id, document, code)
        return document

    def _looked(self, dealer_id: int) -> Document | None:
        with self._database.transaction() as connection:
            loaded = self._dealers.load(connection, dealer_id)
        if loaded is None or entry(loaded.circuit, loaded.asked_at) is not Entry.ASK:
            return None
        answer = self._probing.openapi(loaded.dealer, Deadline.after(_LOOK_SECONDS), interactive=False)
        return Document.HIDDEN if answer is None else self.compared(loaded, answer)

    def compared(self, loaded: LoadedDealer, answer: Mapping[str, object]) -> Document:
        """The document against our mapping."""
        found = openapi.compare(answer, ENTITIES)
        if found is None:
            return Document.EMPTY
        self._drift.listed(loaded.dealer.dealer_id, found, loaded.drift_policy)
        return Document.LISTED

    def _note(self, dealer_id: int, document: Document, code: ErrorCode | None) -> None:
        hours = AGAIN_HOURS if document is Document.UNREADABLE else self._every_hours
        with self._database.transaction() as connection:
            changed = looked(connection, dealer_id, document, hours)
        if not changed:
            return
        if document is Document.LISTED:
            _log.info("columns_listed", dealer_id=dealer_id)
        else:
            _log.warning("columns_not_listed", dealer_id=dealer_id, document=document.value, code=code)
