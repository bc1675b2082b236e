"""Flower's options, for `celery -A worker.app flower --conf=flowerconfig.py`; it starts with a login only.

Two of its pages ask for no login, by Flower's nature: /flower/metrics and /flower/healthcheck. They name
workers, tasks and numbers; keep strangers from them, as docker/nginx/flower.conf does.

The login is `user:password`, in FLOWER_BASIC_AUTH or in the file that FLOWER_BASIC_AUTH_FILE names.
"""

import os
from pathlib import Path


def _login() -> str:
    file = os.environ.get("FLOWER_BASIC_AUTH_FILE")
    try:
        login = Path(file).read_text().strip() if file else os.environ.get("FLOWER_BASIC_AUTH", "")
    except OSError as error:
        raise SystemExit(f"FLOWER_BASIC_AUTH_FILE={file} cannot be read: {error.strerror}.") from None
    user, _, password = login.partition(":")
    if not user or not password:
        raise SystemExit(
            "Flower needs a login: set FLOWER_BASIC_AUTH, or the file that FLOWER_BASIC_AUTH_FILE names, "
            "to user:password."
        )
    return login


# Who may look; without it Flower would show every task to everyone.
basic_auth = [_login()]
# Flower is a window: it cannot stop workers, change their pools or send tasks.
read_only = True
# Its pages are below this path, so that a reverse proxy can have other things beside it.
url_prefix = "flower"
# Tasks kept in memory; the default of 100,000 lets it grow for weeks.
max_tasks = 5_000
# Seconds after which a worker that ended is no longer listed; a container gets a new name at each start.
purge_offline_workers = 3_600
# Survive a restart with what was seen, where FLOWER_DB (an option of Flower's own) names a file.
persistent = bool(os.environ.get("FLOWER_DB"))
# Milliseconds between two saves of that file; the default saves only at an orderly end.
state_save_interval = 60_000
# The list of tasks says whose dealer each is of, by its arguments, which come without what people typed, and
# the worker of which queue took it.
tasks_columns = "name,kwargs,state,received,runtime,worker,uuid"
