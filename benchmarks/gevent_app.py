"""The product's Celery application for a gevent pool: psycopg2 gives way while it waits, by psycogreen.

Celery itself patches the rest before it imports this.
"""

from psycogreen.gevent import patch_psycopg  # type: ignore[import-not-found]  # in an environment of its own

from worker.app import app

patch_psycopg()
__all__ = ["app"]
