"""PostgreSQL's disk is really full: a small one is mounted, holds the workorders' tables, and is filled."""

import os
import pwd
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]
_TABLES = ("workorders", "interventions", "parts", "contacts")
_MIB = 1 << 20


@contextmanager
def small_disk(house: House) -> Iterator[Path]:
    """A file system of 96 MiB in memory, PostgreSQL's own; skips where it cannot be mounted."""
    if os.geteuid() != 0:
        pytest.skip("a disk can only be mounted by root")
    folder = house.stack.folder / "disk"
    folder.mkdir(exist_ok=True)
    owner = pwd.getpwnam("nobody").pw_uid
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size=96m,mode=0700,uid={owner},gid={owner}", "tmpfs", folder],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a disk could not be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def tables_on(house: House, folder: Path) -> Iterator[None]:
    """The workorders' tables are there, without free room in them."""
    moved: list[str] = []
    with closing(house.own_connection()) as connection:
        connection.autocommit = True
        run = connection.cursor().execute
        run(f"CREATE TABLESPACE small LOCATION '{folder}'")
        try:
            for table in _TABLES:
                run(f"ALTER TABLE {table} SET TABLESPACE small")
                run(f"VACUUM FULL {table}")
                moved.append(table)
            yield
        finally:
            for table in moved:
                run(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            run("DROP TABLESPACE small")


def fill(folder: Path) -> Path:
    """A file that takes what room there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (_MIB, 4096):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


@pytest.mark.faults
def test_a_disk_that_is_really_full(house: House, fault: Begin) -> None:
    row = fault(
        "PostgreSQL's disk really full (a tablespace of 96 MiB, filled) during a run and an import",
        "53100; nothing half-written; both go on by themselves when there is room",
        60,
    )
    workers = [house.interactive(), house.bulk()]
    dealer, other = house.dealer(), house.dealer()
    with small_disk(house) as folder, tables_on(house, folder):
        filler = fill(folder)
        with (
            closing(house.own_connection()) as connection,
            pytest.raises(psycopg2.errors.DiskFull) as refused,
        ):
            connection.cursor().execute(
                "CREATE TABLE too_much TABLESPACE small "
                "AS SELECT repeat('x', 1000) FROM generate_series(1, 100)"
            )
        assert refused.value.pgcode == "53100"
        row.strikes()
        house.refresh_all(dealer)
        until(lambda: house.run_row(dealer).get("error_code") == "storage_unavailable", 40, "the refusal")
        assert house.content(dealer) == []
        sent = house.search(other, known.COMPLETE)
        filler.unlink()
        only(sent.get(timeout=30), outcome="created")
        done = house.ring_until_done(dealer)
        assert house.content(dealer) == house.quiet_content()
        row.over(f"53100, storage_unavailable; then {done['pages']} pages, {done['created']} created")
    assert all(worker.process.poll() is None for worker in workers)
