"""A real Chromium without a window."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_PROGRAMS = ("chromium", "chromedriver")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # tests may run as root, and open pages of our own alone
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",  # in pictures they are only in the way
    "--window-size=1440,1050",
)


@contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    """`profile` is a new, empty folder. Skips where there is no Chromium, and fails where CI=true."""
    browser, driver = map(shutil.which, _PROGRAMS)
    if browser is None or driver is None:
        reason = f"{' or '.join(_PROGRAMS)} is missing (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = browser
    for option in (*_OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    chrome = Chrome(options, Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()
