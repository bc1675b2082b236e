"""A stop that hangs is ended; one that does not is left alone."""

import subprocess
import sys
from textwrap import dedent

import pytest

from worker.stopping import EXIT_CODE

_PROGRAM = """
import os, signal, sys, time
from celery.signals import worker_ready
from worker.stopping import bound_the_stop

def celerys(number, frame):
    if {hangs}:
        os.read(os.pipe()[0], 1)
    sys.exit(0)

signal.signal(signal.SIGTERM, celerys)
bound_the_stop({seconds})
worker_ready.send(sender=None)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""


@pytest.mark.parametrize(("hangs", "code"), [(True, EXIT_CODE), (False, 0)])
def test_a_stop_comes_to_its_end(hangs: bool, code: int) -> None:
    program = dedent(_PROGRAM).format(hangs=hangs, seconds=0.3 if hangs else 20)
    ended = subprocess.run(
        [sys.executable, "-c", program], timeout=30, capture_output=True, text=True, check=False
    )
    assert ended.returncode == code, ended.stderr
    assert ("stop_took_too_long" in ended.stderr) == hangs
