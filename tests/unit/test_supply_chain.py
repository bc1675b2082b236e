"""What is installed is what was locked: each file by its hash, from no address, under an accepted license."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
_HASH = re.compile(r"sha256:[0-9a-f]{64}")

#: Every way in which a package says "BSD", and so on, as the table in docs/dependencies.md has them.
_SPELLINGS = {
    "BSD": {"BSD", "New BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD License"},
    "MIT": {"MIT", "MIT-0", "MIT License"},
    "Apache-2.0": {"Apache-2.0", "Apache Software License"},
    "ISC": {"ISC"},
    "PSF-2.0": {"PSF-2.0"},
    "Unlicense": {"Unlicense", "The Unlicense (Unlicense)"},
    "MPL-2.0": {"MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"},
    "LGPL": {"LGPL with exceptions", "GNU Library or Lesser General Public License (LGPL)"},
}
_LICENSES = {spelling: license_ for license_, spellings in _SPELLINGS.items() for spelling in spellings}


def requirements(lock: Path) -> Iterator[tuple[Requirement, list[str]]]:
    """Each requirement of a lock with its hashes."""
    for entry in lock.read_text().replace("\\\n", " ").splitlines():
        if entry and not entry.startswith("#"):
            requirement, *hashes = entry.split("--hash=")
            yield Requirement(requirement.strip()), [text.strip() for text in hashes]


def licenses(package: Distribution) -> set[str]:
    """The licenses that a package names, each by our name for it or as it stands.

    A package's own expression counts most, then its classifiers, then its field of free text."""
    metadata = package.metadata
    if "License-Expression" in metadata:
        named = re.split(r" (?:OR|AND) ", metadata["License-Expression"])
    else:
        classifiers = metadata.get_all("Classifier") or []
        named = [line.rsplit(" :: ", 1)[1] for line in classifiers if line.startswith("License :: OSI")]
        named = named or [metadata["License"].strip() if "License" in metadata else "none named"]
    return {_LICENSES.get(name, name) for name in named}


def allowed() -> tuple[set[str], dict[str, str]]:
    """From docs/dependencies.md: licenses for all, and those for single packages."""
    text = (ROOT / "docs/dependencies.md").read_text().split("## Licenses", 1)[1]
    for_all: set[str] = set()
    exceptions: dict[str, str] = {}
    for license_, packages in re.findall(r"^\| (\S+) \| ([^|]+) \|", text, re.MULTILINE):
        if packages.strip() == "any":
            for_all.add(license_)
        else:
            exceptions |= {name.strip(): license_ for name in packages.split(",")}
    return for_all, exceptions


def test_there_are_locks() -> None:
    assert {lock.name for lock in LOCKS} >= {"worker.lock", "observed.lock", "dev.lock", "build.lock"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_requirement_is_one_version_with_hashes(lock: Path) -> None:
    for requirement, hashes in requirements(lock):
        assert requirement.url is None, requirement
        assert [clause.operator for clause in requirement.specifier] == ["=="], requirement
        assert hashes, requirement
        assert all(_HASH.fullmatch(text) for text in hashes), requirement
    assert "://" not in lock.read_text()


def test_what_is_installed_is_what_was_locked() -> None:
    for requirement, _ in requirements(ROOT / "requirements/dev.lock"):
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(distribution(requirement.name).version), requirement


@pytest.mark.parametrize("lock", ["worker.lock", "observed.lock"])
def test_each_runtime_package_has_an_accepted_license(lock: str) -> None:
    for_all, exceptions = allowed()
    judged = 0
    for requirement, _ in requirements(ROOT / "requirements" / lock):
        name = canonicalize_name(requirement.name)
        try:
            found = licenses(distribution(name))
        except PackageNotFoundError:  # for another Python or another system
            assert requirement.marker is not None, requirement
            assert not requirement.marker.evaluate(), requirement
            continue
        judged += 1
        assert found <= for_all | {exceptions.get(name)}, f"{name}: {found}"
    assert judged > 30
