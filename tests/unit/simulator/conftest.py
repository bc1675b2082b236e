"""A tenant in this process."""

from collections.abc import Iterator

import pytest

from sandbox.simulator.known import known_workorders
from sandbox.simulator.site import Site
from sandbox.simulator.tables import Bundle
from sandbox.simulator.workshop import workorders
from tests.unit.simulator.tenants import TODAY, Tenant


@pytest.fixture(scope="session")
def _shared_site() -> Iterator[Site]:
    def bundles() -> Iterator[Bundle]:
        yield from known_workorders(TODAY)
        yield from workorders(120, 1, TODAY)

    site = Site(1, bundles)
    yield site
    site.close()


@pytest.fixture
def tenant(_shared_site: Site) -> Tenant:
    """132 workorders, of which 12 well-known, as they were at the start."""
    _shared_site.reset()
    return Tenant(_shared_site)
