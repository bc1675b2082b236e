"""Each fault has a runbook of the same four parts, and each alert leads to one."""

import re

import pytest

from tests.documents import ROOT

RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", RUNBOOKS, re.MULTILINE))
#: What an operator does without a fault.
NO_FAULTS = {"Back up, restore, move", "Upgrade, and back"}


def test_each_alert_leads_to_a_runbook_and_no_runbook_names_another() -> None:
    alerts = re.findall(r"- alert: (\w+)", (ROOT / "docker" / "prometheus" / "alerts.yml").read_text())
    told = [line for text in SECTIONS.values() for line in re.findall(r"^Alerts: .*", text, re.MULTILINE)]
    assert {name for line in told for name in re.findall(r"`([A-Z]\w+)`", line)} == set(alerts)


@pytest.mark.parametrize("fault", sorted(set(SECTIONS) - NO_FAULTS))
def test_a_runbook_says_how_it_shows_what_to_do_and_what_is_lost(fault: str) -> None:
    parts = re.findall(r"^\*\*(Shows|Look|Do|Look and do|Lost)\.\*\*", SECTIONS[fault], re.MULTILINE)
    assert parts in (["Shows", "Look", "Do", "Lost"], ["Shows", "Look and do", "Lost"])
    assert "```sh" in SECTIONS[fault]


@pytest.mark.parametrize("work", sorted(NO_FAULTS))
def test_work_without_a_fault_says_what_is_lost(work: str) -> None:
    assert "**Lost.**" in SECTIONS[work]
