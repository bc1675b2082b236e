"""The Celery application: `celery -A worker.app worker`."""

import time
from typing import Any

from celery import Celery
from celery.signals import (
    before_task_publish,
    setup_logging,
    worker_init,
    worker_process_shutdown,
    worker_shutdown,
)

from worker import log, wiring
from worker.consumer import keep_bodies_out_of_the_log, refuse_compressed_messages
from worker.heartbeat import ConsumerHeartbeat
from worker.stopping import bound_the_stop

app = Celery("twodrive")
app.config_from_object("celeryconfig")
app.steps["consumer"].add(ConsumerHeartbeat)
bound_the_stop()
refuse_compressed_messages()


@setup_logging.connect
def _own_log(**_kwargs: object) -> None:
    """Receiving this signal keeps Celery from setting up its own logging."""
    log.set_up()
    keep_bodies_out_of_the_log()


@before_task_publish.connect
def _stamp(headers: dict[str, Any] | None = None, **_kwargs: object) -> None:
    """By this `twodrive metrics` knows how long a message has waited; Celery's own have no time."""
    if headers is not None:
        headers["sent_at"] = time.time()


@worker_init.connect
def _told_of_threads(sender: Any = None, **_kwargs: object) -> None:
    """`--concurrency` may say another number than the settings."""
    wiring.process_wide.threads = sender.concurrency


@worker_shutdown.connect
@worker_process_shutdown.connect
def _last_words(**_kwargs: object) -> None:
    wiring.process_wide.before_the_end()
