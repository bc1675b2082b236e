"""docker/nginx/flower.conf with a real nginx and Flower: what asks for no login is not let through."""

import os
import shutil
from pathlib import Path

import pytest
import requests

from sandbox.processes import Program, free_port
from sandbox.stack import Stack
from tests.documents import ROOT


@pytest.fixture(scope="module")
def nginx() -> str:
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        reason = "nginx is not installed: Flower's door is not tested (Debian: apt-get install nginx-light)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _configured(flower: str, folder: Path) -> tuple[Path, str]:
    """The door's configuration with places and addresses of this machine, and its own address."""
    port = free_port()
    text = (ROOT / "docker" / "nginx" / "flower.conf").read_text()
    here = {"http://flower:5555": flower, "8088": f"127.0.0.1:{port}", "/tmp/": f"{folder}/"}
    for there, instead in here.items():
        assert there in text
        text = text.replace(there, instead)
    file = folder / "flower.conf"
    file.write_text(text)
    return file, f"http://127.0.0.1:{port}"


def test_the_door(nginx: str, stack: Stack, tmp_path: Path) -> None:
    flower, url = stack.start_flower(name="flower-behind-a-door")
    file, door = _configured(url.removesuffix("/flower"), tmp_path)
    program = Program("nginx", [nginx, "-c", str(file), "-g", "daemon off;"], tmp_path / "log")
    program.wait_ready(lambda: _status(f"{door}/healthz") == 204)
    try:
        # Flower itself shows them to everyone
        assert _status(f"{url}/metrics") == _status(f"{url}/healthcheck") == 200
        for path in ("metrics", "healthcheck", "%6detrics", "./metrics", "/metrics", "metrics/"):
            assert _status(f"{door}/flower/{path}") == 404, path
        assert _status(f"{door}/elsewhere") == 404
        assert _status(f"{door}/flower/workers") == 401
        answer = requests.get(f"{door}/", auth=stack.flower_login, timeout=10)
        assert (answer.status_code, answer.url) == (200, f"{door}/flower/")
        assert "/flower/static/" in answer.text
    finally:
        program.stop()
        flower.stop()


def _status(url: str) -> int | None:
    try:
        return requests.get(url, timeout=10).status_code
    except requests.ConnectionError:
        return None
