"""Where a workorder is that neither Claire nor the dealer's own branches have, decided from values alone."""

from collections.abc import Mapping, Sequence

from schemas.dealer import Neighbor
from schemas.near import MatchedBy, Near
from schemas.verdicts import Verdict
from schemas.vinacles import AFFILIATE, WO_NUMBER, Row
from schemas.why import AtNeighbor, Finding


def found(
    others: Sequence[Row],
    near: Mapping[MatchedBy, Sequence[Row]],
    own: Sequence[int],
    neighbors: Sequence[Neighbor],
) -> Finding:
    """`others` are header rows of branches that the dealer does not import, `near` those that carry nearly
    what was typed, at any branch; `own` are the dealer's branches, none for all. The branch of another dealer
    is told before one that nobody imports."""
    for row in others:
        owner = _owner(neighbors, _affiliate(row))
        if owner is not None:
            return at(AtNeighbor(owner.name, _wo_number(row), _affiliate(row)))
    if others:
        row = others[0]
        return Finding(Verdict.OTHER_BRANCH, wo_number=_wo_number(row), affiliate_id=_affiliate(row))
    # One without a number could not be named.
    meant = [
        _near(row, matched_by, own, neighbors)
        for matched_by, rows in near.items()
        for row in rows
        if _wo_number(row)
    ]
    if meant:
        ordered = sorted(meant, key=lambda one: (not one.here, one.dealer is None))
        return Finding(Verdict.NEAR_MISS, near=tuple(ordered))
    return Finding(Verdict.NOT_IN_DMS)


def _near(row: Row, matched_by: MatchedBy, own: Sequence[int], neighbors: Sequence[Neighbor]) -> Near:
    affiliate_id = _affiliate(row)
    if not own or affiliate_id in own:
        return Near(_wo_number(row), affiliate_id, matched_by)
    owner = _owner(neighbors, affiliate_id)
    return Near(_wo_number(row), affiliate_id, matched_by, False, None if owner is None else owner.name)


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
