"""Alert rules, their own tests and the dashboard, by Prometheus' own checker."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import compose
from tests.documents import ROOT, Table, tables
from tests.tools import installed
from worker.counting import FAMILIES
from worker.metrics.unborn import IMPORTS, OUR_FAULTS

PROMETHEUS = ROOT / "docker" / "prometheus"
GRAFANA = ROOT / "docker" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "twodrive.json").read_text())
_OURS = re.compile(r"\btwodrive_\w+")


@pytest.fixture(scope="module")
def promtool() -> str:
    return installed("promtool", "the alert rules are not checked", "prometheus")


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules() -> list[dict[str, str]]:
    """The alert rules as they stand in the file: name, severity, expression, runbook."""
    text = (PROMETHEUS / "alerts.yml").read_text()
    found = re.findall(
        r"- alert: (\w+)\n +expr: (.*?)\n +for: \w+\n +labels: \{severity: (\w+)\}\n"
        r' +annotations:\n +summary: "[^"]*"\n +runbook: "([^\n]*)"\n',
        text,
        re.DOTALL,
    )
    assert len(found) == text.count("- alert:")
    return [dict(zip(("name", "expr", "severity", "runbook"), one, strict=True)) for one in found]


def table_of(*head: str) -> Table:
    [table] = [table for table in tables(ROOT / "docs" / "metrics.md") if table.head == head]
    return table


def metric_names() -> set[str]:
    """Every name of a sample that the exporter can give, from the documented metrics."""
    table = table_of("metric", "labels", "what it tells")
    histograms = {family.name for family in FAMILIES if family.buckets}
    counters = {family.name for family in FAMILIES if not family.buckets} | {"twodrive_rows_written"}

    def suffixes(name: str) -> tuple[str, ...]:
        if name in histograms:
            return "_bucket", "_sum", "_count"
        return ("_total",) if name in counters else ("",)

    return {name + suffix for name in table.first_column for suffix in suffixes(name)}


def expressions() -> list[str]:
    """What the dashboard asks, with the interval that Grafana would put in."""
    return [
        target["expr"].replace("$__rate_interval", "1m")
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", ())
    ]


def test_prometheus_accepts_configuration_and_rules(promtool: str) -> None:
    run(promtool, "check", "config", PROMETHEUS / "prometheus.yml")
    assert "21 rules found" in run(promtool, "check", "rules", PROMETHEUS / "alerts.yml")


def test_alerts_fire_and_rest_on_sample_series(promtool: str) -> None:
    run(promtool, "test", "rules", PROMETHEUS / "alerts_test.yml")


def test_a_rule_that_fires_too_early_is_noticed(promtool: str, tmp_path: Path) -> None:
    for name in ("alerts.yml", "alerts_test.yml"):
        text = (PROMETHEUS / name).read_text()
        (tmp_path / name).write_text(text.replace("overdue_seconds > 1800", "overdue_seconds > 1700"))
    command = (promtool, "test", "rules", tmp_path / "alerts_test.yml")
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode != 0


def test_every_alert_is_tested_and_documented() -> None:
    found = rules()
    tests = (PROMETHEUS / "alerts_test.yml").read_text()
    for rule in found:
        assert f'alertname="{rule["name"]}"' in tests, rule["name"]
    table = table_of("alert", "severity", "what to do")
    said = [(rule["name"], rule["severity"], _for_dealer_12(rule["runbook"])) for rule in found]
    assert list(table.rows) == said


def _for_dealer_12(runbook: str) -> str:
    return runbook.replace("`", "").replace("{{ $labels.dealer_id }}", "12")


def test_what_alerts_and_dashboard_ask_for_exists() -> None:
    known = metric_names()
    asked = [rule["expr"] for rule in rules()] + expressions()
    used = {name for expression in asked for name in _OURS.findall(expression)}
    assert used <= known
    # What nothing shows is not worth its scrape; these are for a closer look by hand.
    for_a_closer_look = {
        "twodrive_source_seconds",
        "twodrive_rows",
        "twodrive_import_requests_oldest_seconds",
    }
    sums = {name for name in known if name.endswith(("_sum",))}
    assert {name for name in known - used if not name.endswith("_count")} == for_a_closer_look | sums


def test_what_an_alert_counts_of_imports_is_told_before_it_happens() -> None:
    [imports_fail] = [rule["expr"] for rule in rules() if rule["name"] == "ImportsFail"]
    assert set(re.findall(r'task=~"([^"]*)"', imports_fail)) == {"|".join(IMPORTS)}
    assert set(re.findall(r'result=~"([^"]*)"', imports_fail)) == {"|".join(OUR_FAULTS)}


def test_the_dashboard_shows_rows_as_it_shows_messages() -> None:
    rows = r'twodrive_(?:task_seconds|messages_expired)_\w+\{task=~"([^"]*)"'
    asked = re.findall(rows, "\n".join(expressions()))
    assert len(asked) == 5
    assert set(asked) == {"|".join(IMPORTS)}


def test_prometheus_understands_the_dashboard(promtool: str, tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())]
    file = tmp_path / "dashboard.json"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in run(promtool, "check", "rules", file)


def test_the_dashboard_is_whole() -> None:
    source = (GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text()
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in panels:
        assert panel["targets"], panel["title"]
        assert {part["datasource"]["uid"] for part in (panel, *panel["targets"])} == {"twodrive-prometheus"}
    assert "uid: twodrive-prometheus" in source
    for one in panels:
        for other in panels:
            assert one is other or not _overlap(one["gridPos"], other["gridPos"]), one["title"]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def test_files_and_addresses_fit_the_services() -> None:
    services = compose.project()["services"]
    folders = {
        volume["target"]: Path(volume["source"])
        for name in ("prometheus", "grafana")
        for volume in services[name]["volumes"]
        if volume["type"] == "bind"
    }
    assert (folders["/etc/prometheus"] / "prometheus.yml").exists()
    assert (folders["/etc/grafana/dashboards"] / "twodrive.json").exists()
    assert (
        "path: /etc/grafana/dashboards"
        in (folders["/etc/grafana/provisioning"] / "dashboards" / "twodrive.yml").read_text()
    )
    port = compose.option(services["metrics"]["command"], "port")
    assert f'"metrics:{port}"' in (PROMETHEUS / "prometheus.yml").read_text()
    for client, server in (("prometheus", "metrics"), ("grafana", "prometheus")):
        assert set(services[client]["networks"]) & set(services[server]["networks"])
