"""What a client meets on the wire: keep-alive, latency, and bad manners."""

import contextlib
import http.client
import json
import signal
import socket
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.simulator import known
from sandbox.simulator.admin import patch
from sandbox.simulator.running import SimulatorProcess

ONE = "/api/Workorder?$first=1&$select=WONUMMER"


@pytest.fixture
def session(simulator: SimulatorProcess) -> Iterator[requests.Session]:
    with requests.Session() as session:
        form = {
            "grant_type": "client_credentials",
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "audience": simulator.audience,
        }
        token = session.post(simulator.token_url, data=form, timeout=10).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


def get(simulator: SimulatorProcess, session: requests.Session, target: str = ONE) -> requests.Response:
    return session.get(simulator.base_url + target, timeout=10, allow_redirects=False)


def connect(simulator: SimulatorProcess) -> http.client.HTTPConnection:
    parts = urlsplit(simulator.base_url)
    assert parts.hostname is not None
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)


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


def test_the_journal_shows_what_was_asked_but_no_token(
    simulator: SimulatorProcess, session: requests.Session
) -> None:
    get(simulator, session, "/api/Workorder?$select=WONUMMER,Make&$filter=WONUMMER%20eq%20'A%26B'")
    session.post(simulator.base_url + "/api/Workorder", timeout=10)
    token, read, written = simulator.admin.journal()
    assert (token.method, token.path) == ("POST", "/oauth/token")
    assert (read.method, read.path, read.status) == ("GET", "/api/Workorder", 200)
    assert read.query == "$select=WONUMMER,Make&$filter=WONUMMER%20eq%20'A%26B'"
    assert read.select == ("WONUMMER", "Make")
    assert read.headers["authorization"] == "Bearer ***"
    assert (written.method, written.status) == ("POST", 405)
    counts = simulator.admin.request_counts()
    assert (counts["requests"], counts["token"], counts["Workorder"], counts["status 405"]) == (3, 1, 2, 1)
    assert simulator.admin.tokens_issued() == 1
    simulator.admin.clear_journal()
    assert simulator.admin.journal() == []


def test_rows_can_be_changed(simulator: SimulatorProcess, session: requests.Session) -> None:
    admin = simulator.admin
    line = {"WorkorderId": known.COMPLETE_ID, "JobNumber": 1, "LineType": "Labor"}
    assert admin.patch_rows("WorkorderLine", line, {"Price": "310.00"}) == 1
    assert admin.delete_rows("WorkorderContact", {"WorkorderId": known.COMPLETE_ID, "Role": "Owner"}) == 1
    admin.put_row("Workorder", {"WorkorderId": 7, "WONUMMER": "NEW-1", "AffiliateId": 1})
    assert admin.row_counts()["Workorder"] == 73
    condition = f"WorkorderId%20eq%20{known.COMPLETE_ID}%20and%20Price%20eq%20310"
    target = f"/api/WorkorderLine?$select=Price&$filter={condition}"
    assert get(simulator, session, target).text == '{"value":[{"Price":310.00}]}'
    admin.reset()
    assert admin.row_counts()["Workorder"] == 72


def test_faults_are_listed_and_removed(simulator: SimulatorProcess, session: requests.Session) -> None:
    admin = simulator.admin
    first = admin.answer_status(503, times=None, retry_after="1", body="html")
    admin.add_fault("change_rows", changes=[patch("Workorder", {}, {"Make": "Kia"})], match="WorkorderLine")
    response = get(simulator, session)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert [(fault["kind"], fault["hits"]) for fault in admin.faults()] == [("status", 1), ("change_rows", 0)]
    admin.remove_fault(first)
    assert get(simulator, session).status_code == 200
    admin.clear_faults()
    assert admin.faults() == []


def test_tokens_can_be_expired(simulator: SimulatorProcess, session: requests.Session) -> None:
    simulator.admin.expire_tokens()
    assert get(simulator, session).status_code == 401


def test_the_clock_can_be_moved(simulator: SimulatorProcess, session: requests.Session) -> None:
    before = simulator.admin.clock_seconds()
    simulator.admin.advance_clock(100_000)
    assert simulator.admin.clock_seconds() >= before + 100_000
    assert get(simulator, session).status_code == 401


@pytest.mark.parametrize(
    "change", [{"colour": 1}, {"latency_ms": "fast"}, {"page_max": 1.5}, {"next_link": "sideways"}]
)
def test_a_wrong_setting_is_refused(simulator: SimulatorProcess, change: dict[str, object]) -> None:
    before = simulator.admin.settings()
    with pytest.raises(requests.HTTPError):
        simulator.admin.set(**change)
    assert simulator.admin.settings() == before


def test_wrong_changes_are_refused(simulator: SimulatorProcess) -> None:
    for change in (
        {"action": "put", "entity": "Car", "row": {}},
        {"action": "put", "entity": "Workorder", "row": {"WONUMMER": "x"}},
        {"action": "patch", "entity": "Workorder", "where": {"Colour": 1}, "values": {}},
        {"action": "burn", "entity": "Workorder"},
        patch("Workorder", {}, {"WorkorderId": 1}),
    ):
        with pytest.raises(requests.HTTPError):
            simulator.admin.change_rows([change])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_leaves_only_its_log(tmp_path: Path, number: signal.Signals) -> None:
    process = SimulatorProcess(tmp_path, workorders=5, seed=3, latency_ms=1)
    said = json.loads(process.program.tail())
    assert said["base_url"] == process.base_url
    assert process.admin.settings()["latency_ms"] == 1
    process.admin.close()
    assert process.program.stop(number) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["simulator.log"]
    assert "Traceback" not in process.program.tail()
