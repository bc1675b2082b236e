"""The service `flower-door` with a real nginx, and Flower behind it: what asks for no login is not let
through, and a Flower that got another address is found."""

import http.client
import os
import shutil
from collections.abc import Iterator

import pytest
import requests

from sandbox.processes import Program
from tests.acceptance.containers.as_processes import Containers
from tests.acceptance.containers.names import Names
from tests.tools import installed

_HERE, _NOBODY = "127.0.0.1", "127.0.0.9"


@pytest.fixture
def names() -> Iterator[Names]:
    with Names({"flower": _HERE}) as names:
        yield names


@pytest.fixture
def flower(containers: Containers) -> Program:
    # Nowhere else, so that a wrong address leads to nobody.
    flower = containers.start("flower", f"--address={_HERE}")
    flower.wait_ready(lambda: containers.healthy("flower"))
    return flower


@pytest.fixture
def door(containers: Containers, names: Names) -> Program:
    if shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])) is None:
        reason = "nginx is not installed: Flower's door is not tested (Debian: apt-get install nginx-light)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    installed("wget", "the health check of Flower's door is not tried", "wget")
    containers.addresses["127.0.0.11"] = names.address
    containers.mount("flower-door", "docker/nginx")
    return containers.start("flower-door")


def _url(containers: Containers, service: str, port: str) -> str:
    assert service in containers.services
    return f"http://127.0.0.1:{containers.ports[port]}"


def test_what_asks_for_no_login_is_not_let_through(
    containers: Containers, flower: Program, door: Program
) -> None:
    door.wait_ready(lambda: containers.healthy("flower-door"))
    direct, through = _url(containers, "flower", "5555"), _url(containers, "flower-door", "8088")
    # Flower itself shows them to everyone
    for path in ("metrics", "healthcheck"):
        assert requests.get(f"{direct}/flower/{path}", timeout=10).status_code == 200
    for path in ("metrics", "healthcheck", "%6detrics", "./metrics", "/metrics", "metrics/"):
        assert requests.get(f"{through}/flower/{path}", timeout=10).status_code == 404, path
    assert requests.get(f"{through}/elsewhere", timeout=10).status_code == 404
    assert requests.get(f"{through}/flower/workers", timeout=10).status_code == 401
    user, _, password = (containers.secrets / "flower_basic_auth").read_text().strip().partition(":")
    answer = requests.get(f"{through}/", auth=(user, password), timeout=10)
    assert (answer.status_code, answer.url) == (200, f"{through}/flower/")
    assert "/flower/static/" in answer.text
    assert containers.stop(door) == 0, door.tail()
    assert not containers.healthy("flower-door")


def test_it_is_as_well_as_flower(containers: Containers, flower: Program, door: Program) -> None:
    door.wait_ready(lambda: containers.healthy("flower-door"))
    assert containers.stop(flower) == 0, flower.tail()
    assert not containers.healthy("flower-door")
    # And says so to nobody else.
    stranger = http.client.HTTPConnection(
        "127.0.0.1", int(containers.ports["8088"]), source_address=(_NOBODY, 0), timeout=10
    )
    stranger.request("GET", "/healthz")
    assert stranger.getresponse().status == 403
    stranger.close()


@pytest.mark.usefixtures("flower")
def test_a_flower_with_another_address_is_found(containers: Containers, names: Names, door: Program) -> None:
    names.addresses["flower"] = _NOBODY
    page = f"{_url(containers, 'flower-door', '8088')}/flower/workers"

    def status() -> int | None:
        try:
            return requests.get(page, timeout=10).status_code
        except requests.RequestException:
            return None

    door.wait_ready(lambda: status() == 502)
    names.addresses["flower"] = _HERE
    door.wait_ready(lambda: status() == 401)
    assert containers.healthy("flower-door")
