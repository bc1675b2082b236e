"""The Celery application: `celery -A worker.app worker`."""

from celery import Celery
from celery.signals import setup_logging

from worker import log
from worker.consumer import keep_bodies_out_of_the_log
from worker.heartbeat import ConsumerHeartbeat
from worker.stopping import bound_the_stop

app = Celery("twodrive")
app.config_from_object("celeryconfig")
app.steps["consumer"].add(ConsumerHeartbeat)
bound_the_stop()


@setup_logging.connect
def _own_log(**_kwargs: object) -> None:
    """Receiving this signal keeps Celery from setting up its own logging."""
    log.set_up()
    keep_bodies_out_of_the_log()
