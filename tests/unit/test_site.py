"""The documents build as a site, strictly: a link that leads nowhere, or a page that nobody lists, fails."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT, headings


def build(project: Path, site: Path) -> subprocess.CompletedProcess[str]:
    options = ("--strict", "--config-file", str(project / "mkdocs.yml"), "--site-dir", str(site))
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", *options],
        env={"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy that a test may break."""
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_page_fetches_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {"index.html", "runbooks.html", "backend.html"} <= {page.name for page in pages}
    fetched = re.compile(
        r'<(?:script|img|iframe)[^>]* src="https?:|<link[^>]* rel="stylesheet" href="https?:'
    )
    assert not [page.name for page in pages if fetched.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_every_heading_is_one_on_the_site(site: Path, document: Path) -> None:
    page = (site / f"{document.stem}.html").read_text("utf-8")
    assert len(re.findall(r"<h[1-6] id=", page)) == len(headings(document))


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[gone](operators.md#nobody-wrote-this)", "does not contain an anchor"),
        ("[gone](#nobody-wrote-this)", "there is no such anchor"),
        ("[gone](schemas/)", "unrecognized relative link"),
        ("[gone](/operators.md)", "absolute link"),
    ],
)
def test_a_link_that_leads_nowhere_fails(project: Path, written: str, complaint: str) -> None:
    with (project / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{written}\n")
    done = build(project, project / "site")
    assert done.returncode != 0
    assert complaint in done.stderr


def test_a_page_that_nobody_lists_fails(project: Path) -> None:
    (project / "docs" / "forgotten.md").write_text("# Forgotten\n")
    done = build(project, project / "site")
    assert done.returncode != 0
    assert "forgotten.md" in done.stderr
