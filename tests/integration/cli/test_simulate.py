"""`twodrive simulate` as a program."""

import json
import subprocess
import sys
from signal import SIGINT

import requests


def test_it_says_where_it_is_and_ends_on_ctrl_c() -> None:
    command = [sys.executable, "-m", "worker.cli", "simulate", "--workorders", "3", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout is not None
        said = json.loads(simulator.stdout.readline())
        assert requests.get(said["base_url"], timeout=10).json()["status"]
        assert said.keys() >= {"token_url", "client_id", "client_secret", "audience"}
        simulator.send_signal(SIGINT)
        _, errors = simulator.communicate(timeout=60)
    assert simulator.returncode == 0, errors
    assert "Traceback" not in errors
