"""A real Prometheus with our configuration beside a real exporter: what is scraped, fires, and is shown.

`--basetemp=FOLDER` keeps the picture of its page.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import free_port, wait_until
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.acceptance.browsing import browser
from tests.acceptance.prometheus import Prometheus, program
from tests.documents import ROOT

_TWODRIVE = (sys.executable, "-m", "worker.cli")
_DEALER = 12
_DASHBOARD = ROOT / "docker" / "grafana" / "dashboards" / "twodrive.json"
#: Nothing is wrong here, and the sandbox's Redis has no limit: these panels, and no others, may be empty.
_MAY_BE_EMPTY = {
    "topk(10, twodrive_circuit_open_seconds)",
    "twodrive_redis_memory_limit_bytes > 0",
    "twodrive_schema_drift",
}


@pytest.fixture(scope="module")
def house() -> Iterator[Stack]:
    """A stack of its own, so that all numbers are ours."""
    program()
    with temporary_folder() as folder, Stack(folder, workorders=20) as stack:
        yield stack


class Exporter:
    """`twodrive metrics`, which may be stopped and started."""

    def __init__(self, house: Stack) -> None:
        self._house = house
        self._port = str(free_port())
        self.address = f"127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        self._program = self._house.start("metrics", [*_TWODRIVE, "metrics", "--port", self._port])

    def stop(self) -> None:
        assert self._program.stop() == 0, self._program.tail()


@pytest.fixture(scope="module")
def exporter(house: Stack) -> Exporter:
    return Exporter(house)


@pytest.fixture(scope="module")
def prometheus(house: Stack, exporter: Exporter) -> Iterator[Prometheus]:
    folder = house.folder / "monitoring"
    folder.mkdir()
    server = Prometheus(folder, exporter.address)
    yield server
    server.program.stop()


@pytest.fixture(scope="module")
def desk(house: Stack, prometheus: Prometheus) -> Iterator[Desk]:
    """Prometheus has seen the time before anything was imported, so that rates are of all that happens."""
    house.start_worker()
    house.start_bulk_worker(children=1)
    wait_until(lambda: prometheus.value("up") == 1, 30, "the first scrape")
    parts = house.parts()
    dealer = house.add_dealer(_DEALER, "Garage Testweg", import_new_in_bulk=True)
    desk = Desk(dealer, house.backend(), house.simulator.admin, parts.database, parts.dealers)
    for outcome, searches in (("created", 2), ("unchanged", 4)):
        only(desk.search(known.COMPLETE), outcome=outcome)
        only(desk.search(known.WITHOUT_LABOR), outcome="rejected")
        desk.backend.send_task("workorders.refresh_dealer", kwargs={"dealer_id": _DEALER}, queue="bulk").get(
            timeout=60
        )
        _counted(prometheus, searches)
    yield desk
    parts.close()


def _counted(prometheus: Prometheus, searches: int) -> None:
    """Workers write their counts every five seconds."""
    expression = 'sum(twodrive_task_seconds_count{task="workorders.import"})'
    wait_until(lambda: prometheus.value(expression) == searches, 30, "the searches counted")


def _expressions() -> list[tuple[str, str]]:
    """What the dashboard asks: panels' titles, and expressions with the interval that Grafana puts in."""
    return [
        (panel["title"], target["expr"].replace("$__rate_interval", "30s"))
        for panel in json.loads(_DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", ())
    ]


def test_the_target_is_up_and_every_rule_is_evaluated(prometheus: Prometheus) -> None:
    def targets() -> list[tuple[str, str, str]]:
        found = prometheus.ask("targets")["activeTargets"]
        return [(one["health"], one["labels"]["job"], one["lastError"]) for one in found]

    wait_until(lambda: targets() == [("up", "twodrive", "")], 30, "the first scrape")

    def rules() -> list[dict[str, str]]:
        return [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]

    wait_until(lambda: {rule["health"] for rule in rules()} == {"ok"}, 30, "the rules evaluated")
    named = (ROOT / "docker" / "prometheus" / "alerts.yml").read_text().count("- alert: ")
    assert len(rules()) == named
    assert prometheus.program.tail() == ""


def test_series_have_the_values_of_what_happened(prometheus: Prometheus, desk: Desk) -> None:
    overdue = f'twodrive_dealer_overdue_seconds{{dealer_id="{_DEALER}"}}'
    expected = {
        'twodrive_workorders_total{trigger="search", outcome="created"}': 1,
        'twodrive_workorders_total{trigger="search", outcome="unchanged"}': 1,
        'twodrive_workorders_total{trigger="search", outcome="rejected", reason="no_labor_item"}': 2,
        'sum(twodrive_task_seconds_count{task="workorders.import", result="answered"})': 4,
        'sum(twodrive_vinacles_request_seconds_count{call="token", result="ok"})': 1,
        'sum(twodrive_dealers{schedule="scheduled"})': 1,
        'twodrive_quarantine{reason="no_labor_item"}': _quarantined(desk),
        'twodrive_queue_messages{queue="interactive"}': 0,
        "min(twodrive_source_up)": 1,
        f"{overdue} < bool 1800": 1,
    }
    prometheus.comes_to(expected)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(("panel", "expression"), _expressions())
def test_every_query_of_the_dashboard_is_answered(
    prometheus: Prometheus, panel: str, expression: str
) -> None:
    has_samples = prometheus.samples(expression) > 0
    assert has_samples or expression in _MAY_BE_EMPTY, panel


def test_a_query_with_a_mistake_is_noticed(prometheus: Prometheus) -> None:
    with pytest.raises(AssertionError, match="parse error"):
        prometheus.samples("sum by (kind (twodrive_schema_drift)")


def test_a_new_column_at_vinacles_fires_and_is_seen(
    prometheus: Prometheus, desk: Desk, house: Stack, tmp_path: Path
) -> None:
    # Given a list of columns that was looked at before one came along, and nothing that is not seen yet
    fault = desk.dms.add_fault("missing_column", match="Workorder", column="VIN", times=None)
    looked = _look(desk)
    assert looked == {"looked": {"listed": 1}}
    _acknowledge(house)
    wait_until(lambda: "ColumnsChanged" not in prometheus.alerts(), 30, "no alert")
    desk.dms.remove_fault(fault)
    with desk.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE dealers SET next_look_at = now()")
    # When beat rings on the next day
    _look(desk)
    # Then the alert fires and says so
    wait_until(lambda: prometheus.alerts().get("ColumnsChanged") == "firing", 30, "the alert")
    prometheus.comes_to({'twodrive_schema_drift{kind="new_column"}': 1})
    with browser(tmp_path / "profile") as chrome:
        chrome.get(prometheus.page("alerts"))
        wait_until(lambda: "ColumnsChanged" in _shown(chrome), 30, "Prometheus' page")
        assert chrome.save_screenshot(str(tmp_path / "prometheus-alerts.png"))
    # Until somebody has seen it
    _acknowledge(house)
    wait_until(lambda: "ColumnsChanged" not in prometheus.alerts(), 30, "the alert's end")


def _quarantined(desk: Desk) -> int:
    with desk.database.transaction() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM quarantine WHERE reason = 'no_labor_item'")
        return int(found.scalar_one())


def _acknowledge(house: Stack) -> None:
    done = house.start("acknowledge", [*_TWODRIVE, "drift", "acknowledge", str(_DEALER)])
    assert done.process.wait(timeout=30) == 0, done.tail()


def _look(desk: Desk) -> object:
    """As beat rings."""
    return desk.backend.send_task("maintenance.look_at_columns", queue="maintenance").get(timeout=30)


def _shown(chrome: Chrome) -> str:
    with suppress(WebDriverException):
        return chrome.find_element(By.TAG_NAME, "body").text
    return ""


def test_an_exporter_that_is_gone_is_told(prometheus: Prometheus, exporter: Exporter) -> None:
    wait_until(lambda: prometheus.value("up") == 1, 30, "the first scrape")
    exporter.stop()
    wait_until(lambda: prometheus.alerts().get("MetricsMissing") == "firing", 30, "the alert")
    exporter.start()
    wait_until(lambda: "MetricsMissing" not in prometheus.alerts(), 30, "the alert's end")
