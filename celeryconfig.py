"""How Celery is set up: every setting with its reason. What differs per place comes from worker.environment.

Redis as a broker is neither at-least-once nor at-most-once; what must not be lost is therefore a row in
PostgreSQL, and what a person waits for is not repeated after the person has gone.
"""

from celery.schedules import crontab
from kombu import Exchange, Queue

from worker.environment import load
from worker.errors import ConfigurationError
from worker.names import QueueName, TaskName
from worker.publishing import CONNECT_SECONDS, ONCE_AGAIN, SOCKET_SECONDS

try:
    _settings = load()
except ConfigurationError as error:
    # Every program of Celery ends here with the list of what is wrong, instead of its own traceback.
    raise SystemExit(f"Error: {error.text.rstrip()}\nWhat to do: {error.next_step}") from None

# Where the queues and the answers live. Two databases, so that emptying the answers cannot touch the queues.
broker_url = _settings.broker_url.reveal()
# For RabbitMQ; what Redis must prove stands in its URL.
broker_use_ssl = _settings.broker_tls
result_backend = _settings.result_url.reveal()

# What is larger is no request of ours (they take about a KiB) and is dropped; see worker/consumer.py.
largest_message_bytes = _settings.largest_message_kib * 1024

# The tasks, named by module, since nothing of ours imports them.
imports = ("tasks.imports", "tasks.maintenance", "tasks.refresh", "tasks.starts", "tasks.why")

# Celery 5.7.0 ends the worker when Redis restarts under unacknowledged messages; see worker/consumer.py.
worker_consumer = "worker.consumer:SteadyConsumer"

# JSON alone: a message can hold data, never code.
accept_content = ["json"]
result_accept_content = ["json"]
task_serializer = "json"
result_serializer = "json"
event_serializer = "json"

# Three queues; any other name is a mistake and fails at once instead of filling a queue nobody reads.
task_queues = tuple(Queue(name.value, Exchange(name.value), routing_key=name.value) for name in QueueName)
task_create_missing_queues = False
task_default_queue = task_default_exchange = task_default_routing_key = QueueName.INTERACTIVE.value
task_routes = {task.value: {"queue": task.queue.value} for task in TaskName}

# Acknowledge late only where a task says so (bulk): the person behind an interactive task has gone by then.
task_acks_late = False
# A failed or timed-out task is done; without this a time-out would be repeated for ever.
task_acks_on_failure_or_timeout = True
# A lost child must not put its message back by itself: a message that kills its child would loop for ever.
task_reject_on_worker_lost = False

# One message per slot: nothing is hoarded behind a long task.
worker_prefetch_multiplier = 1
# Delayed messages are fetched without limit otherwise.
worker_eta_task_limit = 200
# Enforced by prefork only; on threads every wait has its own limit (HTTP, SQL, Redis).
task_soft_time_limit = 240
task_time_limit = 300

# An unacknowledged message goes to another worker after this long. The shortest of all programs on the same
# Redis database counts, so it stands in all three places; it must exceed the time limit and any delay.
visibility_timeout = _settings.visibility_timeout_seconds
_redis_options = {
    "visibility_timeout": visibility_timeout,
    # A worker of several queues takes what a person waits for first, whatever order its --queues has.
    "queue_order_strategy": "worker.queue_order:PeopleFirst",
    # Look for such messages every 5 s; with the defaults it can take 100 s longer than the time-out says.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": SOCKET_SECONDS,
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_keepalive": True,
    "health_check_interval": 5,
    "max_connections": 50,
    "client_name": "twodrive",
}
_rabbitmq_options = {
    # Sent is what RabbitMQ has confirmed.
    "confirm_publish": True,
    "client_properties": {"connection_name": "twodrive"},
}
broker_transport_options = {
    **(_redis_options if _settings.broker_is_redis else _rabbitmq_options),
    **ONCE_AGAIN,
}
# RabbitMQ only: a peer that vanished without a word is noticed. Redis has health_check_interval.
broker_heartbeat = 10
broker_connection_timeout = CONNECT_SECONDS
result_backend_transport_options = {
    "visibility_timeout": visibility_timeout,
    "retry_policy": ONCE_AGAIN,
    "client_name": "twodrive",
}
task_publish_retry_policy = ONCE_AGAIN
# A producer that cannot get a connection says so instead of hanging.
broker_pool_limit = 10
broker_pool_acquire_timeout = 3
redis_socket_timeout = SOCKET_SECONDS
redis_socket_connect_timeout = CONNECT_SECONDS
redis_backend_health_check_interval = 15

# The worker waits for its broker as long as it takes.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# True would lose tasks where broker and answers live on the same Redis.
worker_cancel_long_running_tasks_on_connection_loss = False

# A task that finished while Redis was away keeps its answer and stores it when Redis is back.
result_backend_always_retry = True
result_backend_max_retries = 20
# Often, so that whoever waits has the answer within seconds of Redis' return; for about 20 s in all.
result_backend_max_sleep_between_retries_ms = 2000
# So does one that ends while Redis is full.
override_backends = dict.fromkeys(("redis", "rediss"), "worker.answers:PatientRedis")
# Answers are read within seconds; a quarter of an hour is plenty. They hold no arguments.
result_expires = 900
result_extended = False
task_ignore_result = False
task_track_started = False

# Flower lives on the workers' events; senders' events would repeat the arguments as the sender wrote them.
worker_send_task_events = True
task_send_sent_event = False
worker_enable_remote_control = True

# Where a stop is a SIGQUIT (bulk, by REMAP_SIGTERM), running tasks have this long; then they are re-queued.
worker_soft_shutdown_timeout = 20

# A bulk child starts afresh now and then; interactive threads never do, since that costs seconds.
worker_max_tasks_per_child = 1000

# Beat asks for a look at the due list each minute; one that nobody took is dropped, the next sees it all.
beat_schedule = {
    "refresh_due": {
        "task": TaskName.REFRESH_DUE.value,
        "schedule": 60.0,
        "options": {"queue": QueueName.MAINTENANCE.value, "expires": 55, "ignore_result": True},
    },
    # At a quiet hour, off the full hour at which everybody else's nightly work begins.
    "purge": {
        "task": TaskName.PURGE.value,
        "schedule": crontab(hour="3", minute="17"),
        "options": {"queue": QueueName.MAINTENANCE.value, "expires": 6 * 3600, "ignore_result": True},
    },
    # Each dealer has its own time of the day, and is looked at in the hour in which that comes.
    "look_at_columns": {
        "task": TaskName.LOOK_AT_COLUMNS.value,
        "schedule": crontab(minute="23"),
        "options": {"queue": QueueName.MAINTENANCE.value, "expires": 50 * 60, "ignore_result": True},
    },
}
beat_max_loop_interval = 5
# Celery's, which also tells `twodrive-health` how it is.
beat_scheduler = "worker.heartbeat:BeatScheduler"

timezone = "Europe/Amsterdam"
enable_utc = True
# Our own log lines, one JSON event each.
worker_hijack_root_logger = False
worker_redirect_stdouts = False
