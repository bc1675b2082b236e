"""A worker of two processes for `orm_tasks`, and the time that it takes for some workorders."""

import json
import sys
import time
from dataclasses import dataclass

import psycopg2
from celery import Celery, group

from benchmarks.bulk.databases import empty, plain
from sandbox.processes import Program
from sandbox.stack import Stack


@dataclass
class WithOrm:
    stack: Stack
    database_url: str

    def start(self) -> None:
        simulator = self.stack.simulator
        settings = {
            "broker_url": self.stack.redis.url_of(10),
            "result_url": self.stack.redis.url_of(11),
            "database_url": self.database_url,
            "base_url": simulator.base_url,
            "token_url": simulator.token_url,
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "audience": simulator.audience,
        }
        self._producer = Celery("producer", broker=settings["broker_url"], backend=settings["result_url"])
        options = ("-P", "prefork", "-c", "2", "--without-gossip", "--without-mingle")
        worker: Program = self.stack.start(
            "worker-orm",
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "benchmarks.bulk.orm_tasks",
                "worker",
                "-l",
                "info",
                *options,
            ],
            {"BENCHMARK": json.dumps(settings)},
        )
        worker.wait_ready(lambda: " ready." in worker.log.read_text())

    def first_load(self, dms_numbers: list[int]) -> float:
        """Seconds from the first message to the last answer."""
        empty(self.database_url)
        tasks = [self._producer.signature("benchmark.import_one", args=(number,)) for number in dms_numbers]
        began = time.perf_counter()
        answers = group(tasks).apply_async().get(timeout=600)
        seconds = time.perf_counter() - began
        with psycopg2.connect(plain(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM workorders")
            [stored] = cursor.fetchone() or (0,)
        if stored != answers.count("stored"):
            raise RuntimeError(f"{stored} workorders are stored, {answers.count('stored')} were said to be")
        return seconds
