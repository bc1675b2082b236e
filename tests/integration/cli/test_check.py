"""`twodrive check` on the simulator with all that can be wrong."""

import json
import ssl
from typing import Any

import pytest

from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from schemas.vinacles import ENTITIES
from tests.unit.cli.running import Run


def _check(twodrive: Run, dealer: str, exit_code: int = 0) -> dict[str, Any]:
    """The levels by check."""
    result = twodrive("check", dealer, "--json")
    assert result.exit_code == exit_code, result.output
    report = json.loads(result.stdout)
    assert report["dealer_id"] == int(dealer)
    for line in report["lines"]:
        assert bool(line["next_step"]) is (line["level"] in ("warn", "fail")), line
    levels = {line["check"]: line["level"] for line in report["lines"]}
    assert len(levels) == len(report["lines"])
    return levels


def test_a_healthy_dealer(twodrive: Run, dealer: str) -> None:
    levels = _check(twodrive, dealer)
    assert set(levels.values()) == {"ok"}
    assert levels.keys() >= {"record", "token", "API", "OpenAPI", "date filter", "page size", "clock"}
    assert levels.keys() >= {entity.name for entity in ENTITIES}
    lines = twodrive("check", dealer).stdout.splitlines()
    assert len(lines) == len(levels)
    assert all(line.startswith("ok ") for line in lines)


def test_what_deserves_attention_does_not_fail(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    twodrive("dealers", "set", dealer, "--paused")
    dms.set(hide_root=True, hide_openapi=True, page_max=50, clock_skew_seconds=3600)
    dms.add_fault("datetime_filter", status=500, times=None)
    levels = _check(twodrive, dealer)
    warned = {check for check, level in levels.items() if level == "warn"}
    assert warned == {"record", "API", "OpenAPI", "date filter", "page size", "clock"}
    assert "What to do" not in twodrive("check", dealer).stderr


@pytest.mark.parametrize(
    ("status", "body"), [(503, None), (204, "empty"), (200, "html"), (200, "text"), (200, "empty")]
)
def test_what_is_hidden_behind_any_answer(
    twodrive: Run, dms: SimulatorAdmin, dealer: str, status: int, body: str | None
) -> None:
    for hidden in ("root", "openapi"):
        dms.add_fault("status", status=status, body=body, match=hidden, times=None)
    levels = _check(twodrive, dealer)
    assert {check for check, level in levels.items() if level != "ok"} == {"API", "OpenAPI"}


def test_a_host_that_is_down_is_not_hidden(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    # A Retry-After beyond any patience ends the waiting at once.
    for match in ("root", "api"):
        dms.add_fault("status", status=503, retry_after="3600", match=match, times=None)
    levels = _check(twodrive, dealer, 1)
    assert (levels["API"], levels["OpenAPI"], levels["Workorder"], levels["clock"]) == (
        "fail",
        "skip",
        "skip",
        "skip",
    )


def test_a_missing_column(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    dms.add_fault("missing_column", match="Workorder", column="Mileage", times=None)
    dms.add_fault("missing_column", match="openapi", column="Mileage", times=None)
    levels = _check(twodrive, dealer, 1)
    assert levels["Workorder"] == "fail"
    assert levels["WorkorderLine"] == levels["WorkorderContact"] == "ok"


def test_an_entity_that_may_not_be_read(twodrive: Run, dms: SimulatorAdmin, dealer: str) -> None:
    dms.answer_status(403, times=None, match="WorkorderContact", code="AuthorizationCheckFailed")
    levels = _check(twodrive, dealer, 1)
    assert {check for check, level in levels.items() if level == "fail"} == {"WorkorderContact"}


def test_a_wrong_secret_stops_what_needs_a_login(twodrive: Run, dealer: str) -> None:
    twodrive("dealers", "set", dealer, "--client-secret-file", "-", input="canary-wrong")
    levels = _check(twodrive, dealer, 1)
    assert (levels["token"], levels["API"], levels["clock"]) == ("fail", "ok", "ok")
    for check in ("OpenAPI", "Workorder", "date filter", "page size"):
        assert levels[check] == "skip"


def test_nobody_listens(twodrive: Run, cli_stack: Stack, dealer: str) -> None:
    twodrive("dealers", "set", dealer, "--base-url", "http://127.0.0.1:1")
    levels = _check(twodrive, dealer, 1)
    assert levels["connection 127.0.0.1:1"] == "fail"
    assert levels["token"] == "ok"
    for check in ("API", "OpenAPI", "Workorder", "clock"):
        assert levels[check] == "skip"


def test_an_unknown_name(twodrive: Run, dealer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_arguments: object, **_options: object) -> None:
        raise OSError("canary")

    monkeypatch.setattr("worker.cli.network.socket.getaddrinfo", no_such_name)
    levels = _check(twodrive, dealer, 1)
    assert levels["name 127.0.0.1"] == "fail"
    assert levels["token"] == "skip"


def test_a_certificate_that_is_not_trusted(
    twodrive: Run, dealer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untrusted(*_arguments: object) -> None:
        error = ssl.SSLCertVerificationError()
        error.verify_message = "self-signed certificate"
        raise error

    monkeypatch.setattr("worker.cli.network.socket.create_connection", untrusted)
    result = twodrive("check", dealer)
    assert result.exit_code == 1
    assert "the certificate is not trusted: self-signed certificate" in result.stdout
    assert "TWODRIVE_CA_BUNDLE" in result.stdout


def test_an_unknown_dealer(twodrive: Run, new_id: str) -> None:
    assert twodrive("check", new_id).exit_code == 4
