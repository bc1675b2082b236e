"""Claire's backend, as docs/backend.md has it: nothing blocks for long while Redis is away."""

from celery import Celery

from sandbox.stack import Stack

_QUICK = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}


def backend_of(stack: Stack) -> Celery:
    app = stack.backend()
    app.conf.update(
        broker_transport_options={**_QUICK, "socket_timeout": 2, "socket_connect_timeout": 2},
        result_backend_transport_options={"retry_policy": _QUICK},
        task_publish_retry_policy=_QUICK,
        redis_socket_timeout=3,
        redis_socket_connect_timeout=2,
    )
    return app
