"""What a client meets on the wire: keep-alive, latency, and bad manners."""

import contextlib
import json
import socket
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.simulator.running import SimulatorProcess
from tests.integration.simulator.asking import ONE, connect, get


def test_one_connection_serves_many_requests(simulator: SimulatorProcess) -> None:
    connection = connect(simulator)
    connection.connect()
    ports = set()
    for _ in range(3):
        ports.add(connection.sock.getsockname()[1])
        connection.request("GET", "/")
        assert json.loads(connection.getresponse().read())["status"] == "Healthy"
    connection.close()
    assert len(ports) == 1


def test_the_next_link_works_as_it_is(simulator: SimulatorProcess, session: requests.Session) -> None:
    link = get(simulator, session).json()["nextLink"]
    assert link.startswith(f"{simulator.base_url}/api/Workorder?%24first=1&")
    assert session.get(link, timeout=10).status_code == 200


def test_latency_is_in_every_answer(simulator: SimulatorProcess, session: requests.Session) -> None:
    simulator.admin.set(latency_ms=30)
    get(simulator, session)
    get(simulator, session, "/api/Nothing")
    assert all(entry.duration_ms >= 29 for entry in simulator.admin.journal()[-2:])


def test_a_slow_first_byte(simulator: SimulatorProcess, session: requests.Session) -> None:
    simulator.admin.add_fault("slow", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        session.get(simulator.base_url + ONE, timeout=(5, 0.05))
    assert get(simulator, session).status_code == 200


def test_a_dripping_body_arrives_whole(simulator: SimulatorProcess, session: requests.Session) -> None:
    whole = get(simulator, session).text
    simulator.admin.add_fault("drip", seconds=0.05)
    assert get(simulator, session).text == whole


def test_a_body_cut_in_half(simulator: SimulatorProcess, session: requests.Session) -> None:
    simulator.admin.add_fault("cut")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(simulator, session)
    assert get(simulator, session).status_code == 200


def test_a_reset_connection(simulator: SimulatorProcess, session: requests.Session) -> None:
    simulator.admin.add_fault("reset")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        get(simulator, session)
    assert simulator.admin.journal()[-1].status is None


def test_the_ingress_ends_what_takes_too_long(simulator: SimulatorProcess, session: requests.Session) -> None:
    assert simulator.admin.settings()["ingress_seconds"] == 240
    simulator.admin.set(ingress_seconds=0.05)
    simulator.admin.add_fault("slow", seconds=30)
    late = get(simulator, session)
    assert (late.status_code, late.text) == (504, "upstream request timeout")
    simulator.admin.add_fault("drip", seconds=30)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(simulator, session)
    assert get(simulator, session).status_code == 200
    assert [entry.status for entry in simulator.admin.journal()[-3:]] == [504, 200, 200]


@pytest.mark.parametrize("kind", ["drip", "cut"])
@pytest.mark.parametrize("status", [204, 503])
def test_bad_manners_suit_every_status(
    simulator: SimulatorProcess, session: requests.Session, kind: str, status: int
) -> None:
    simulator.admin.answer_status(status)
    simulator.admin.add_fault(kind, seconds=0.01)
    with contextlib.suppress(requests.exceptions.ChunkedEncodingError):
        assert get(simulator, session).status_code == status
    assert simulator.admin.journal()[-1].status == status
    assert get(simulator, session).status_code == 200


def test_reset_keeps_the_latency_of_the_start(tmp_path: Path) -> None:
    process = SimulatorProcess(tmp_path, workorders=1, latency_ms=7)
    process.admin.set(latency_ms=0)
    process.admin.reset()
    assert process.admin.settings()["latency_ms"] == 7
    process.stop()


def test_gzip(simulator: SimulatorProcess, session: requests.Session) -> None:
    simulator.admin.set(gzip=True)
    response = get(simulator, session)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.json()["value"]


def test_a_long_request_line_is_an_empty_414_and_the_end_of_the_connection(
    simulator: SimulatorProcess,
) -> None:
    for length in (9_000, 100_000):
        connection = connect(simulator)
        connection.request("GET", "/api/Workorder?$filter=" + "a" * length)
        response = connection.getresponse()
        assert (response.status, response.read(), response.getheader("Connection")) == (414, b"", "close")
        connection.close()


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(simulator: SimulatorProcess, session: requests.Session, status: int) -> None:
    simulator.admin.answer_status(status)
    assert get(simulator, session).status_code == status
    assert get(simulator, session).status_code == 200


def test_head_is_refused_without_a_body(simulator: SimulatorProcess, session: requests.Session) -> None:
    response = session.head(simulator.base_url + ONE, timeout=10)
    assert (response.status_code, response.content) == (405, b"")
    assert get(simulator, session).status_code == 200


def test_the_clock_can_be_skewed(simulator: SimulatorProcess, session: requests.Session) -> None:
    before = parsedate_to_datetime(get(simulator, session).headers["Date"])
    simulator.admin.set(clock_skew_seconds=3600)
    after = parsedate_to_datetime(get(simulator, session).headers["Date"])
    assert 3600 <= (after - before).total_seconds() < 3900


def test_a_client_that_leaves_early_harms_nobody(
    simulator: SimulatorProcess, session: requests.Session
) -> None:
    simulator.admin.add_fault("drip", seconds=0.2)
    parts = urlsplit(simulator.base_url)
    with socket.create_connection((parts.hostname, parts.port)) as leaving:
        leaving.sendall(b"GET /api/Workorder HTTP/1.1\r\nHost: x\r\n\r\n")
    assert get(simulator, session).status_code == 200
