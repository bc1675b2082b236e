"""How far a run of bulk refresh has come, from values alone."""

from collections.abc import Iterable
from dataclasses import asdict

from schemas.bulk import BulkResult, eta_seconds
from schemas.outcome import Outcome
from worker.store.pages import PageItem
from worker.store.runs import Counts, Run


def counted(
    items: Iterable[PageItem], *, unchanged: int, rejected: int = 0, skipped: int, missing: int
) -> Counts:
    """What became of a page's workorders; `unchanged` and `rejected` ones were recognized before anything was
    decided."""
    outcomes = [item.outcome for item in items]
    return Counts(
        created=outcomes.count(Outcome.CREATED),
        updated=outcomes.count(Outcome.UPDATED),
        unchanged=unchanged + outcomes.count(Outcome.UNCHANGED),
        held=outcomes.count(Outcome.HELD),
        rejected=rejected + outcomes.count(Outcome.REJECTED),
        skipped=skipped,
        missing=missing,
    )


def as_result(run: Run) -> BulkResult:
    """The run as the backend sees it."""
    elapsed = ((run.finished_at or run.now) - run.started_at).total_seconds()
    return BulkResult(
        run_id=run.run_id,
        dealer_id=run.dealer_id,
        state=run.state.value,
        phase=run.phase.value,
        pages=run.pages,
        requests=run.requests,
        seen=run.seen,
        expected=run.expected,
        **asdict(run.counts),
        started_at=run.started_at,
        finished_at=run.finished_at,
        eta_seconds=None if run.finished_at else eta_seconds(run.seen, run.expected, elapsed),
        error_code=run.error_code,
    )
