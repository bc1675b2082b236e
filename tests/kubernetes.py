"""The Kubernetes example as values."""

from typing import Any

import yaml

from tests.compose import ROOT

FOLDER = ROOT / "docker" / "kubernetes"


def objects(*names: str) -> list[dict[str, Any]]:
    """The objects of these files, of all by default."""
    files = [FOLDER / name for name in names] or sorted(FOLDER.glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text("utf-8"))]
