"""What an operator sees in Flower, with a real browser.

`--basetemp=FOLDER` keeps the pictures; those in docs/images were taken so.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from sandbox.demo.desk import Desk
from sandbox.processes import NotStarted, Program, wait_until
from sandbox.simulator import known
from sandbox.stack import Stack
from schemas.dealer import Secret
from tests.acceptance.browsing import browser
from tests.acceptance.waiting import until_flower_hears
from worker.store.dealers import DealerChanges

#: Slow enough to be seen at work.
_SLOW: DealerChanges = {"import_new_in_bulk": True, "requests_per_second": 1.0, "modified_on_works": False}
#: Far from the numbers that other tests give their dealers.
_OTHERS = 2_000
_MOST_BYTES = 200_000
#: Of a picture, in pixels; the list of tasks is the widest page.
_WIDTH, _TASKS_WIDTH, _MOST_HEIGHT = 1440, 1700, 910


@pytest.fixture(scope="module")
def flower(stack: Stack, worker: Program) -> Iterator[str]:
    assert worker.process.poll() is None
    program, url = stack.start_flower(name="flower-of-pages")
    until_flower_hears(stack, url)
    user, password = stack.flower_login
    yield url.replace("://", f"://{user}:{password}@")
    program.stop()


@pytest.fixture(scope="module")
def bulk_worker(stack: Stack, flower: str, no_bulk_waiting: None) -> Iterator[Program]:
    """Started after Flower, which learns of workers by their events."""
    assert flower
    worker = stack.start_bulk_worker(children=1)
    yield worker
    worker.stop()


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as chrome:
        # The browser's clock is told as Flower tells the workers'.
        chrome.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Amsterdam"})
        yield chrome


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flower-pictures")


def text(chrome: Chrome) -> str:
    return chrome.find_element(By.TAG_NAME, "body").text


def sees(chrome: Chrome, url: str, *words: str) -> None:
    """Open the page, which asks for news by itself, again and again until it shows these words."""
    end = time.monotonic() + 60
    shown = ""
    while time.monotonic() < end:
        chrome.get(url)
        with suppress(NotStarted):
            wait_until(lambda: _has(text(chrome), words), 6, "the words", every=0.2)
            return
        shown = text(chrome)
    raise AssertionError(f"{url.rpartition('@')[2]} shows {shown}")


def _has(shown: str, words: tuple[str, ...]) -> bool:
    """Whatever case and line breaks the page's style gives them."""
    return all(_plain(word) in _plain(shown) for word in words)


def _plain(words: str) -> str:
    return "".join(words.lower().split())


def keep(chrome: Chrome, pictures: Path, name: str, width: int = _WIDTH) -> None:
    """A picture of the page, without the empty space below what it says."""
    below, around = chrome.execute_script(
        "return [document.querySelector('.page-section').getBoundingClientRect().bottom,"
        " window.outerHeight - window.innerHeight]"
    )
    chrome.set_window_size(width, around + min(int(below) + 24, _MOST_HEIGHT))
    picture = pictures / f"flower-{name}.png"
    assert chrome.save_screenshot(str(picture))
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert 5_000 < picture.stat().st_size < _MOST_BYTES


def dealer_with_a_wrong_secret(stack: Stack, desk: Desk) -> int:
    dealer = stack.add_dealer(desk.dealer.dealer_id + _OTHERS, "Garage Dicht")
    change(desk, dealer.dealer_id, {"client_secret": Secret("another")})
    return dealer.dealer_id


def change(desk: Desk, dealer_id: int, changes: DealerChanges) -> None:
    with desk.database.transaction() as connection:
        desk.dealers.change(connection, dealer_id, changes)


@pytest.mark.usefixtures("bulk_worker")
def test_without_a_login_nothing_is_seen(flower: str, tmp_path: Path) -> None:
    scheme, _, address = flower.partition("://")
    # A browser of its own: one that has logged in before still knows the password.
    with browser(tmp_path) as stranger:
        stranger.get(f"{scheme}://{address.partition('@')[2]}/workers")
        # What the browser was answered, which tells this page from one that is not there.
        status = stranger.execute_script(
            "return performance.getEntriesByType('navigation')[0].responseStatus"
        )
        assert status == 401
        assert "interactive@" not in stranger.page_source
        assert "bulk" not in stranger.page_source
        # With the login the same page shows what was looked for.
        sees(stranger, f"{flower}/workers", "interactive@", "bulk@")


def test_workers_a_refresh_at_work_and_a_failure_are_seen(
    chrome: Chrome, flower: str, stack: Stack, desk: Desk, bulk_worker: Program, pictures: Path
) -> None:
    assert bulk_worker.process.poll() is None
    dealer_id = desk.dealer.dealer_id
    locked_out = dealer_with_a_wrong_secret(stack, desk)
    change(desk, dealer_id, _SLOW)
    # Given a bulk refresh at work and a search of a dealer whose login is refused
    desk.dms.set(page_max=1, page_default=1)
    running = desk.backend.send_task(
        "workorders.refresh_dealer", kwargs={"dealer_id": dealer_id}, queue="bulk"
    )
    failed = desk.backend.send_task(
        "workorders.import", kwargs={"dealer_id": locked_out, "search": known.COMPLETE}, queue="interactive"
    )
    with pytest.raises(Exception, match="vinacles_login_failed"):
        failed.get(timeout=30)
    # When the operator looks at the workers, then the one for bulk has a task in its hands
    sees(chrome, f"{flower}/workers", "interactive@workshop", "bulk@workshop Online 1")
    keep(chrome, pictures, "workers")
    # And the refresh at work is there, with its dealer
    sees(chrome, f"{flower}/task/{running.id}", "workorders.refresh_dealer", "STARTED", _said_of(dealer_id))
    keep(chrome, pictures, "refresh")
    # And the failure with its stable code and what to do, without what was typed
    sees(chrome, f"{flower}/task/{failed.id}", "workorders.import", "FAILURE", "vinacles_login_failed")
    assert known.COMPLETE not in text(chrome)
    keep(chrome, pictures, "failure")
    # And the list of tasks says whose each is
    sees(
        chrome,
        f"{flower}/tasks",
        f"workorders.import {{{_said_of(locked_out)}, 'search': '…'}} FAILURE",
        f"workorders.refresh_dealer {{{_said_of(dealer_id)}}} STARTED",
    )
    keep(chrome, pictures, "tasks", _TASKS_WIDTH)
    # Let it come to its end.
    change(desk, dealer_id, {"requests_per_second": 1000.0})
    assert running.get(timeout=60)["state"] == "done"


def _said_of(dealer_id: int) -> str:
    return f"'dealer_id': {dealer_id}"


def test_nothing_can_be_done_there(chrome: Chrome, flower: str, stack: Stack, desk: Desk) -> None:
    answered: list[str] = []

    def worker_answers() -> bool:
        pinged = desk.backend.control.inspect(timeout=2).ping() or {}
        answered[:] = [name for name in pinged if name.startswith("interactive@")]
        return bool(answered)

    wait_until(worker_answers, 30, "the worker's answer")
    sees(chrome, f"{flower}/worker/{answered[0]}", "Pool", "interactive")
    offered = [
        button.text
        for button in chrome.find_elements(By.CSS_SELECTOR, "button, .btn")
        if button.is_displayed()
    ]
    assert not [word for word in offered if word.lower() in {"shut down", "restart pool", "grow", "shrink"}]
