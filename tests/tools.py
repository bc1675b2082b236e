"""Programs of other people that check ours, where they are installed."""

import os
import shutil

import pytest


def installed(program: str, without_it: str, package: str) -> str:
    """Its path. Skips where there is none, and fails where CI=true, saying what is not checked
    `without_it` and which of Debian's packages has it."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is not installed: {without_it} (Debian: apt-get install {package})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
