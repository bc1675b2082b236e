"""Where a workorder is that neither Claire nor the dealer's own branches have, decided from values alone."""

from collections.abc import Sequence

from schemas.dealer import Neighbor
from schemas.verdicts import Verdict
from schemas.vinacles import AFFILIATE, WO_NUMBER, Row
from schemas.why import AtNeighbor, Finding, Near


def found(others: Sequence[Row], near: Sequence[Row], neighbors: Sequence[Neighbor]) -> Finding:
    """`others` are header rows of branches that the dealer does not import, `near` those that carry nearly
    what was typed. The branch of another dealer is told before one that nobody imports."""
    for row in others:
        owner = _owner(neighbors, _affiliate(row))
        if owner is not None:
            return at(AtNeighbor(owner.name, _wo_number(row), _affiliate(row)))
    if others:
        row = others[0]
        return Finding(Verdict.OTHER_BRANCH, wo_number=_wo_number(row), affiliate_id=_affiliate(row))
    if near:
        meant = tuple(Near(_wo_number(row), _affiliate(row)) for row in near)
        return Finding(Verdict.NEAR_MISS, near=meant)
    return Finding(Verdict.NOT_IN_DMS)


def at(neighbor: AtNeighbor) -> Finding:
    """It is another dealer's."""
    return Finding(
        Verdict.OTHER_DEALER,
        wo_number=neighbor.wo_number,
        affiliate_id=neighbor.affiliate_id,
        dealer=neighbor.dealer,
    )


def _owner(neighbors: Sequence[Neighbor], affiliate_id: int | None) -> Neighbor | None:
    """Who imports this branch: one that names it before one that imports them all."""
    named = [neighbor for neighbor in neighbors if affiliate_id in neighbor.affiliates]
    return next(iter([*named, *(neighbor for neighbor in neighbors if not neighbor.affiliates)]), None)


def _wo_number(row: Row) -> str:
    return str(row.get(WO_NUMBER) or "").strip()


def _affiliate(row: Row) -> int | None:
    affiliate = row.get(AFFILIATE)
    return affiliate if isinstance(affiliate, int) else None
