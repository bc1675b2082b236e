"""The dashboard by Grafana's own description of its objects: a misspelled field is passed over in silence."""

import json
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import Runtime
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.documents import ROOT

DASHBOARD: dict[str, Any] = json.loads(
    (ROOT / "docker" / "grafana" / "dashboards" / "twodrive.json").read_text()
)


def _unknown(given: Any, understood: Any, path: str = "") -> list[str]:
    """Where Grafana's own classes have nothing of what the dashboard says."""
    if isinstance(given, dict):
        known = understood if isinstance(understood, dict) else {}
        return [
            place
            for name, value in given.items()
            for place in (
                _unknown(value, known[name], f"{path}.{name}") if name in known else [f"{path}.{name}"]
            )
        ]
    if isinstance(given, list):
        pairs = zip(given, understood, strict=True)
        return [
            place for n, (one, other) in enumerate(pairs) for place in _unknown(one, other, f"{path}[{n}]")
        ]
    return [] if given == understood else [path]


def _not_understood(dashboard: dict[str, Any]) -> list[str]:
    """The fields that Grafana would pass over, as its own description of dashboards has it."""
    register_default_plugins()
    read = Dashboard.from_json(dashboard)
    return _unknown(dashboard, json.loads(JSONEncoder().encode(read)))


def test_grafana_knows_every_field_of_the_dashboard() -> None:
    assert _not_understood(DASHBOARD) == []
    assert {panel["type"] for panel in DASHBOARD["panels"]} - {"row"} <= set(Runtime().panelcfg_variants)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("legendFormat", "legendFromat"), ("reduceOptions", "reduceOption"), ("fillOpacity", "fillopacity")],
)
def test_a_field_that_grafana_would_pass_over_is_noticed(right: str, wrong: str) -> None:
    found = _not_understood(json.loads(json.dumps(DASHBOARD).replace(f'"{right}"', f'"{wrong}"')))
    assert found
    assert all(place.endswith(f".{wrong}") for place in found)
