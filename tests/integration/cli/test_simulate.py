"""`twodrive simulate` as a program."""

import json
import socket
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


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "worker.cli", "simulate", "--workorders", "1", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"Port {port} on loopback cannot be had: Address already in use." in done.stderr
    assert "What to do: Choose another with --port" in done.stderr
