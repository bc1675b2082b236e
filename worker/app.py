"""The Celery application: `celery -A worker.app worker`."""

from celery import Celery
from celery.signals import setup_logging

from worker import log
from worker.consumer import keep_bodies_out_of_the_log

app = Celery("twodrive")
app.config_from_object("celeryconfig")


@setup_logging.connect
def _own_log(**_kwargs: object) -> None:
    """Receiving this signal keeps Celery from setting up its own logging."""
    log.set_up()
    keep_bodies_out_of_the_log()
