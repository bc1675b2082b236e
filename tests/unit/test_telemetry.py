"""When traces and incidents are wanted, what may leave, and that nothing is loaded where they are not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dealer import Secret
from tests.unit.cli.running import Run
from worker.environment import load
from worker.errors import ConfigurationError, ErrorCode, FatalError
from worker.telemetry.discreet import discreet as discreet_attributes
from worker.telemetry.incidents import INCIDENTS, discreet, fingerprint
from worker.telemetry.wanted import is_dsn, wants_traces

_ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
_DSN = "https://0a1b@sentry.example/4"
#: A person is told, it is tried again, or somebody chose it: no incident.
_EXPECTED = {
    ErrorCode.MESSAGE_INVALID,
    ErrorCode.DEALER_UNKNOWN,
    ErrorCode.DEALER_PAUSED,
    ErrorCode.WORKORDER_UNKNOWN,
    ErrorCode.SCHEMA_DRIFT,
    ErrorCode.VINACLES_UNAVAILABLE,
    ErrorCode.VINACLES_CIRCUIT_OPEN,
    ErrorCode.STORAGE_UNAVAILABLE,
    ErrorCode.REQUEST_EXPIRED,
}


@pytest.fixture(autouse=True)
def _no_settings_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *_ENDPOINT,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_SDK_DISABLED",
        "OTEL_TRACES_EXPORTER",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "claire"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        (_ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({**_ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({**_ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**_ENDPOINT, "OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({**_ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({**_ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_opentelemetrys_own_variables_switch_traces_on(environ: dict[str, str], wanted: bool) -> None:
    assert wants_traces(environ) is wanted


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_to_set(more: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        wants_traces({**_ENDPOINT, **more})
    assert told in raised.value.next_step + raised.value.text


@pytest.mark.parametrize(
    ("missing", "variable", "value", "told"),
    [
        ("opentelemetry.instrumentation", *next(iter(_ENDPOINT.items())), "twodrive-claire[otel]"),
        ("sentry_sdk", "TWODRIVE_SENTRY_DSN", _DSN, "twodrive-claire[sentry]"),
    ],
)
def test_an_extra_that_is_not_installed_is_told_with_the_next_step(
    missing: str,
    variable: str,
    value: str,
    told: str,
    twodrive: Run,
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    load()
    monkeypatch.setitem(sys.modules, missing, None)
    result = twodrive("config", "show")
    assert result.exit_code == 3
    assert told in result.stderr
    assert variable in result.stderr
    assert value not in result.output


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (_DSN, True),
        ("http://0a1b@127.0.0.1:9000/4", True),
        ("https://0a1b:old@sentry.example/below/4", True),
        ("https://sentry.example/4", False),
        ("https://0a1b@sentry.example/", False),
        ("https://0a1b@sentry.example/project", False),
        ("0a1b", False),
    ],
)
def test_a_dsn_is_told_apart(text: str, right: bool) -> None:
    assert is_dsn(text) is right


def test_a_dsn_is_a_secret_and_may_be_a_file(
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert load().sentry_dsn is None
    file = tmp_path / "dsn"
    file.write_text(f"{_DSN}\n")
    monkeypatch.setenv("TWODRIVE_SENTRY_DSN_FILE", str(file))
    chosen = load()
    assert chosen.sentry_dsn == Secret(_DSN)
    assert "0a1b" not in repr(chosen)


@pytest.mark.parametrize("on", [False, True])
def test_nothing_is_loaded_where_nothing_asks_for_it(
    on: bool,
    settings: dict[str, str],
    tmp_path: Path,
) -> None:
    """redis-py alone takes a look at OpenTelemetry's metrics, where they are installed."""
    program = """
import json, sys
from worker import wiring
from worker.app import app
app.loader.import_default_modules()
wiring.process_wide()
ours = ("worker.telemetry.", "sentry_sdk", "opentelemetry.instrumentation", "opentelemetry.exporter")
print(json.dumps([name for name in sys.modules if name.startswith(ours)]))
"""
    asked = {**_ENDPOINT, "TWODRIVE_SENTRY_DSN": "http://key@127.0.0.1:1/1"} if on else {}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**settings, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1])) - {
        "worker.telemetry.wanted",
        "worker.telemetry.wiring",
    }
    if on:
        assert {"worker.telemetry.tracing", "opentelemetry.exporter.otlp.proto.http", "sentry_sdk"} <= loaded
    else:
        assert loaded == set()


def test_every_error_code_is_an_incident_or_expected() -> None:
    assert set(ErrorCode) == INCIDENTS | _EXPECTED
    assert not INCIDENTS & _EXPECTED


def test_an_issue_is_a_code_and_of_defects_a_kind_at_a_place() -> None:
    login = FatalError(ErrorCode.VINACLES_LOGIN_FAILED, "x", "y")
    assert fingerprint(ErrorCode.VINACLES_LOGIN_FAILED, login) == ["twodrive", "vinacles_login_failed"]

    def stumble(text: str) -> Exception:
        try:
            int(text)
        except ValueError as error:
            return error
        raise AssertionError

    expected = ["twodrive", "internal", "ValueError", "test_telemetry.py:stumble"]
    assert fingerprint(ErrorCode.INTERNAL, stumble("12-BDF-3")) == expected
    assert fingerprint(ErrorCode.INTERNAL, stumble("WO-1001")) == expected


#: Whatever a later version of a library may think of.
_more = st.dictionaries(
    st.text(max_size=20).map("x{}".format),
    st.sampled_from(["canary", ["canary"], {"x": "canary"}]),
    max_size=4,
)


@given(_more, _more)
def test_what_a_library_adds_to_an_event_stays_here(
    extra: dict[str, object], frame: dict[str, object]
) -> None:
    place = {"filename": "importer.py", "lineno": 7, "vars": {"plate": "canary"}}
    exception = {
        "type": "KeyError",
        "value": "canary",
        "mechanism": {"data": "canary"},
        "stacktrace": {"frames": [{**frame, **place}]},
    }
    named = {
        "extra": "canary",
        "request": "canary",
        "user": "canary",
        "breadcrumbs": "canary",
        "message": "canary",
    }
    told = discreet({**extra, **named, "level": "error", "exception": {"values": [exception]}}, "said")
    assert told["level"] == "error"
    assert told["exception"]["values"][0]["value"] == "said"
    assert told["exception"]["values"][0]["stacktrace"]["frames"][0]["lineno"] == 7
    assert "canary" not in str(told)


@given(_more)
def test_what_a_library_adds_to_a_span_stays_here(extra: dict[str, object]) -> None:
    named = {"http.url": "canary", "url.full": "canary", "url.query": "canary", "exception.message": "canary"}
    kept = {"http.status_code": 200, "db.statement": "SELECT 1", "twodrive.request_id": "click-81f3"}
    assert discreet_attributes({**extra, **named, **kept}) == kept


def test_a_statement_with_its_values_filled_in_stays_here() -> None:
    """psycopg2 makes bytes of it."""
    assert discreet_attributes({"db.statement": b"SELECT '12-BDF-3'"}) == {}
