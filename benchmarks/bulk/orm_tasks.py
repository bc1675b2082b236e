"""What is commonly written instead: one Celery task per workorder, three requests, one ORM merge.

It reads with our schemas, so that what differs is the way and not the rules; it keeps no history and no
attempts. `BENCHMARK` in the environment holds its settings as JSON.
"""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any

import requests
from celery import Celery
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import DeclarativeBase, Session, relationship

from benchmarks.bulk.databases import DEALER_ID
from schemas.reading import Accepted, Branch, read_workorder
from schemas.vinacles import CONTACT, LINE, WORKORDER, Entity, RawWorkorder
from schemas.workorder import workorder_id
from worker.store import tables

SETTINGS: dict[str, str] = json.loads(os.environ["BENCHMARK"])
app = Celery("orm_tasks", broker=SETTINGS["broker_url"], backend=SETTINGS["result_url"])
app.conf.worker_prefetch_multiplier = 4


class _Base(DeclarativeBase):
    metadata = tables.metadata


class ContactRow(_Base):
    __table__ = tables.contacts


class PartRow(_Base):
    __table__ = tables.parts


class InterventionRow(_Base):
    __table__ = tables.interventions
    parts = relationship(PartRow)


class WorkorderRow(_Base):
    __table__ = tables.workorders
    interventions = relationship(InterventionRow)
    contacts = relationship(ContactRow)


@cache
def _engine() -> Engine:
    return create_engine(SETTINGS["database_url"])


@cache
def _session() -> requests.Session:
    session = requests.Session()
    form = {name: SETTINGS[name] for name in ("client_id", "client_secret", "audience")}
    answer = session.post(
        SETTINGS["token_url"], data={"grant_type": "client_credentials", **form}, timeout=30
    )
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def _rows(entity: Entity, dms_number: int) -> tuple[dict[str, Any], ...]:
    answer = _session().get(
        f"{SETTINGS['base_url']}/api/{entity.name}",
        params={"$select": ",".join(entity.columns), "$filter": f"WorkorderId eq {dms_number}"},
        timeout=30,
    )
    answer.raise_for_status()
    return tuple(answer.json()["value"])


@app.task(name="benchmark.import_one")
def import_one(dms_number: int) -> str:
    """One workorder, from Vinacles into PostgreSQL; says whether it was stored."""
    [header] = _rows(WORKORDER, dms_number)
    raw = RawWorkorder(header, _rows(LINE, dms_number), _rows(CONTACT, dms_number))
    now = datetime.now(UTC)
    reading = read_workorder(raw, Branch("Europe/Amsterdam", "NL", now.date()))
    if not isinstance(reading, Accepted):
        return "rejected"
    with Session(_engine()) as session, session.begin():
        session.merge(_as_row(reading, now))
    return "stored"


def _as_row(reading: Accepted, now: datetime) -> WorkorderRow:
    fields = asdict(reading.workorder)
    jobs, contacts = fields.pop("interventions"), fields.pop("contacts")
    key = workorder_id(DEALER_ID, reading.workorder.dms_number)
    lists = [job.pop("parts") for job in jobs]
    return WorkorderRow(
        id=key,
        dealer_id=DEALER_ID,
        fetched_at=now,
        source_digest=b"",
        imported_by_version="benchmark",
        interventions=[
            InterventionRow(**job, parts=[PartRow(workorder_id=key, **part) for part in parts])
            for job, parts in zip(jobs, lists, strict=True)
        ],
        contacts=[ContactRow(**contact) for contact in contacts],
        **fields,
    )
