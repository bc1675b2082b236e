"""Whole tenants, read by the page: everything comes once, whatever the server allows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer
from schemas.vinacles import RawWorkorder
from tests.integration.parts_on_simulator import dealer_on, running_simulator
from tests.integration.vinacles.conftest import House
from worker.deadline import Deadline
from worker.vinacles.bulk import BulkQuery

EVER = BulkQuery(datetime(2000, 1, 1), datetime(2100, 1, 1))


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=300) as process:
        yield process


@pytest.fixture
def tenant(simulator: SimulatorProcess) -> Dealer:
    simulator.admin.reset()
    return dealer_on(simulator, 6)


def swept(house: House, tenant: Dealer, query: BulkQuery) -> tuple[list[RawWorkorder], int]:
    """All pages, and how many requests they took."""
    found: list[RawWorkorder] = []
    requests = 0
    while True:
        headers = house.bulk.headers(tenant, query, Deadline.after(60))
        page = house.bulk.belongings(tenant, headers, Deadline.after(60))
        found += page.workorders
        requests += page.requests
        query = replace(query, after_dms_number=headers.after_dms_number, page_rows=page.page_rows)
        if not headers.has_more:
            return found, requests


def numbers(found: list[RawWorkorder]) -> list[object]:
    return [workorder.header["WorkorderId"] for workorder in found]


def test_pages_of_any_size_bring_the_same_workorders(
    house: House, tenant: Dealer, simulator: SimulatorProcess
) -> None:
    counts = simulator.admin.row_counts()
    everything, requests = swept(house, tenant, replace(EVER, dates_filtered=False))
    assert requests == 3
    assert numbers(everything) == sorted(set(numbers(everything)), key=str)
    for most in (1_000, 70):
        simulator.admin.set(page_max=most, page_default=50)
        again, _ = swept(house, tenant, replace(EVER, dates_filtered=False))
        assert {repr(workorder) for workorder in again} == {repr(workorder) for workorder in everything}
    dated, _ = swept(house, tenant, EVER)
    assert dated == everything
    dateless = counts["Workorder"] - len(everything)
    assert 0 <= dateless < 30
    assert sum(len(workorder.lines) for workorder in everything) > 3 * len(everything)


@pytest.mark.parametrize("largest", [40, 99])
def test_pages_that_are_refused_or_too_big(
    house: House, tenant: Dealer, simulator: SimulatorProcess, largest: int
) -> None:
    everything, _ = swept(house, tenant, EVER)
    simulator.admin.set(page_max=450, page_default=100, largest_page=largest)
    again, _ = swept(house, tenant, EVER)
    assert {repr(workorder) for workorder in again} == {repr(workorder) for workorder in everything}


def test_every_line_and_contact_comes_with_its_workorder(house: House, tenant: Dealer) -> None:
    everything, _ = swept(house, tenant, EVER)
    found = house.bulk.by_numbers(tenant, [1, *map(int, map(str, numbers(everything)))], Deadline.after(60))
    assert found.rows == tuple(workorder.header for workorder in everything)
    one_by_one = [
        house.vinacles.by_dms_numbers(tenant, [int(str(number))], Deadline.after(60)).workorders[0]
        for number in numbers(everything)[:40]
    ]
    assert one_by_one == everything[:40]


def test_one_branch(house: House, tenant: Dealer) -> None:
    everything, _ = swept(house, tenant, EVER)
    of_branch, _ = swept(house, replace(tenant, affiliates=(3,)), EVER)
    assert of_branch == [workorder for workorder in everything if workorder.header["AffiliateId"] == 3]


def test_only_what_has_changed(house: House, tenant: Dealer, simulator: SimulatorProcess) -> None:
    assert house.bulk.modified_on_works(tenant, Deadline.after(20))
    everything, _ = swept(house, tenant, EVER)
    changed = numbers(everything)[7]
    simulator.admin.patch_rows("Workorder", {"WorkorderId": changed}, {"ModifiedOn": "2099-01-01T00:00:00"})
    since = datetime.fromisoformat("2098-12-31T00:00:00+00:00")
    found, requests = swept(house, tenant, replace(EVER, modified_since=since))
    assert (numbers(found), requests) == ([changed], 3)
