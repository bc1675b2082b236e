"""PostgreSQL's disk is really full: a small one is mounted, holds the workorders' tables or the log of writes
(WAL), and is filled."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import run_under_way

Begin = Callable[[str, str, float], Fault]
_TABLES = ("workorders", "interventions", "parts", "contacts")
_MIB = 1 << 20


@contextmanager
def small_disk(house: House, mib: int = 96) -> Iterator[Path]:
    """A file system in memory, PostgreSQL's own; skips where it cannot be mounted."""
    if os.geteuid() != 0:
        pytest.skip("a disk can only be mounted by root")
    folder = house.stack.folder / "disk"
    folder.mkdir(exist_ok=True)
    owner = pwd.getpwnam("nobody").pw_uid
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700,uid={owner},gid={owner}", "tmpfs", folder],
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
    with closing(own_connection(house)) as connection:
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


@contextmanager
def wal_on(house: House, folder: Path) -> Iterator[None]:
    """PostgreSQL's log of writes is there; the server is restarted for it."""
    server, own = house.stack.postgres, wal(house)
    aside = own.with_name("pg_wal.aside")
    server.stop()
    subprocess.run(["cp", "-a", own, folder], check=True)
    own.rename(aside)
    own.symlink_to(folder / own.name)
    try:
        server.start()
        yield
    finally:
        server.stop()
        own.unlink()
        subprocess.run(["cp", "-a", folder / own.name, own], check=True)
        shutil.rmtree(aside)
        server.start()


def wal(house: House) -> Path:
    return house.stack.postgres.folder / "data" / "pg_wal"


def write_until_it_breaks(house: House) -> None:
    """Megabytes that no table ever sees go into the log, until the server is no more."""
    with closing(own_connection(house)) as connection, closing(connection.cursor()) as cursor:
        connection.autocommit = True
        megabyte = "pg_logical_emit_message(false, 'fill', repeat('x', 1000000))"
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute(f"SELECT {megabyte} FROM generate_series(1, 10000)")


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
            closing(own_connection(house)) as connection,
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


@pytest.mark.faults
def test_a_log_of_writes_that_is_really_full(house: House, fault: Begin) -> None:
    row = fault(
        "the disk of PostgreSQL's WAL really full during a run: the server panics and cannot start",
        "the workers live; nothing half-written; all goes on when there is room",
        60,
    )
    workers = [house.interactive(), house.bulk()]
    other = house.dealer()
    used = sum(file.stat().st_size for file in wal(house).rglob("*") if file.is_file()) // _MIB
    with small_disk(house, used + 40) as folder, wal_on(house, folder):
        filler = fill(folder)
        dealer = run_under_way(house, latency_ms=200)
        row.strikes()
        write_until_it_breaks(house)
        sent = house.search(other, known.COMPLETE)
        with pytest.raises(Exception, match="storage_unavailable"):
            sent.get(timeout=30)
        filler.unlink()
        house.up(house.stack.postgres)
        house.dms.set(latency_ms=0)
        house.lease_runs_out()
        only(house.search(other, known.COMPLETE).get(timeout=30), outcome="created")
        done = house.ring_until_done(dealer)
        assert house.content(dealer) == house.quiet_content()
        row.over(f"PANIC, storage_unavailable; then {done['pages']} pages, {done['created']} created")
    assert "No space left on device" in (house.stack.postgres.folder / "postgres.log").read_text("utf-8")
    assert all(worker.process.poll() is None for worker in workers)


def own_connection(house: House) -> Any:
    return psycopg2.connect(house.stack.database_url.replace("+psycopg2", ""))
