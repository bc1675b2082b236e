"""A real Prometheus with the configuration of docker/prometheus, quicker than there."""

import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from sandbox.processes import NotStarted, Program, free_port, wait_until
from tests.documents import ROOT
from tests.tools import installed

#: What stands in the files, and what a test has time for.
_QUICKER = {
    "scrape_interval: 15s": "scrape_interval: 1s",
    "scrape_timeout: 10s": "scrape_timeout: 1s",
    "evaluation_interval: 15s": "evaluation_interval: 1s",
}


class Prometheus:
    """Scrapes `target`, for example `127.0.0.1:9464`. With the alert rules as they are, but that each waits
    for a second, not for minutes, until it fires."""

    def __init__(self, folder: Path, target: str) -> None:
        config = shutil.copytree(ROOT / "docker" / "prometheus", folder / "prometheus")
        text = (config / "prometheus.yml").read_text()
        for there, instead in {**_QUICKER, "metrics:9464": target}.items():
            assert there in text, there
            text = text.replace(there, instead)
        (config / "prometheus.yml").write_text(text)
        rules = (config / "alerts.yml").read_text()
        (config / "alerts.yml").write_text(re.sub(r"\bfor: \w+", "for: 1s", rules))
        self._began = time.time()
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self.program = Program(
            "Prometheus",
            [
                program(),
                # From its folder, so that its page names the rules' file and no place of this machine.
                "--config.file=prometheus.yml",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
                "--log.level=warn",
            ],
            folder / "prometheus.log",
            cwd=config,
        )
        self.program.wait_ready(self._ready)

    def ask(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer of its API; AssertionError for an error, which says what is wrong."""
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10).json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def value(self, expression: str) -> float | None:
        """What an expression of one sample gives now; None for no sample."""
        found = self.ask("query", query=expression)["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def comes_to(self, expected: Mapping[str, float]) -> None:
        """Wait until these expressions have these values; AssertionError with what they have at last. A
        scrape that took too long leaves a moment without any."""
        found: dict[str, float | None] = {}

        def equal() -> bool:
            found.update({expression: self.value(expression) for expression in expected})
            return found == expected

        with suppress(NotStarted):
            wait_until(equal, 30, "the values")
        assert found == expected

    def samples(self, expression: str) -> int:
        """How many samples a panel with this expression would have since the start."""
        # The last step before an end is up to a second early.
        span = {"start": str(self._began), "end": str(time.time() + 1), "step": "1"}
        series = self.ask("query_range", query=expression, **span)["result"]
        return sum(sample[1] != "NaN" for one in series for sample in one["values"])

    def alerts(self) -> dict[str, str]:
        """The state of each alert that is pending or firing."""
        return {alert["labels"]["alertname"]: alert["state"] for alert in self.ask("alerts")["alerts"]}

    def page(self, name: str) -> str:
        """The URL of one of its pages. Debian's package has the older ones, at a place of their own."""
        url = f"{self.url}/{name}"
        return url if requests.get(url, timeout=10).ok else f"{self.url}/classic/{name}"

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False


def program() -> str:
    return installed("prometheus", "nothing is scraped", "prometheus")
