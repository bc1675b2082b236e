"""All settings of the product: what each is for, how it is read, and its default."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.dealer import Secret
from worker.setting_kinds import (
    Setting,
    choice,
    file,
    keys,
    new_file,
    seconds,
    secret_url,
    sentry_dsn,
    whole,
    yes_or_no,
)

_REDIS = ("redis", "rediss")
_RABBITMQ = ("amqp", "amqps")


@dataclass(frozen=True, slots=True)
class Settings:
    """Durations are in seconds. URLs hold passwords: they show themselves only through `reveal`."""

    database_url: Secret
    broker_url: Secret
    result_url: Secret
    state_url: Secret
    secret_keys: tuple[Secret, ...]
    ca_bundle: str | None
    service_ca_bundle: str | None
    allow_private_addresses: bool
    connect_timeout_seconds: float
    read_timeout_seconds: float
    interactive_deadline_seconds: float
    interactive_threads: int
    slice_seconds: float
    database_pool_size: int
    visibility_timeout_seconds: int
    largest_message_kib: int
    largest_answer_mib: int
    look_at_columns_hours: int
    log_level: str
    log_format: str
    keep_attempts_days: int
    keep_changes_days: int
    keep_runs_days: int
    keep_early_starts_days: int
    keep_requests_days: int
    keep_quarantine_days: int
    keep_contacts_days: int
    health_path: Path | None = None
    sentry_dsn: Secret | None = None
    #: What RabbitMQ must prove, for Celery's `broker_use_ssl`.
    broker_tls: dict[str, Any] | bool = False
    #: OpenTelemetry's own variables ask for them.
    traces: bool = False

    @property
    def broker_is_redis(self) -> bool:
        """Otherwise it is RabbitMQ: only Redis can be looked into, and has options of its own."""
        return self.broker_url.reveal().partition("://")[0] in _REDIS


def _kept(what: str, default: int, purpose: str) -> Setting:
    purpose = f"How many days to keep {purpose}; 0 is for ever."
    return Setting(f"keep_{what}_days", str(default or 730), purpose, whole(0, 36_500), default)


#: In the order of `.env.example`. The examples work together with docker-compose.yml.
SETTINGS: tuple[Setting, ...] = (
    Setting(
        "database_url",
        "postgresql+psycopg2://twodrive:change-me@postgres:5432/claire",
        "Claire's PostgreSQL.",
        secret_url("postgresql", "postgresql+psycopg2"),
    ),
    Setting(
        "broker_url",
        "redis://:change-me@redis:6379/0",
        "Redis database of the queues (append-only file on, maxmemory-policy noeviction), or RabbitMQ (amqp://).",
        secret_url(*_REDIS, *_RABBITMQ),
    ),
    Setting(
        "result_url",
        "redis://:change-me@redis:6379/1",
        "Redis database of the answers; another than the queues', so that it can be emptied.",
        secret_url(*_REDIS),
    ),
    Setting(
        "state_url",
        "redis://:change-me@redis:6379/2",
        "Redis database of what the workers share: encrypted tokens and locks.",
        secret_url(*_REDIS),
    ),
    Setting(
        "secret_keys",
        "(the output of: twodrive config new-key)",
        "Keys that encrypt dealers' secrets and tokens, the newest first; "
        "make one with `twodrive config new-key`.",
        keys,
    ),
    Setting(
        "ca_bundle",
        "/etc/ssl/certs/ca-certificates.crt",
        "Certificates to trust instead of certifi's when calling Vinacles.",
        file,
        "",
    ),
    Setting(
        "service_ca_bundle",
        "/etc/ssl/certs/internal.pem",
        "Certificates to trust instead of the system's for PostgreSQL, Redis and RabbitMQ over TLS.",
        file,
        "",
    ),
    Setting(
        "allow_private_addresses",
        "true",
        "Whether dealers' URLs may lead to this machine (also without TLS) or into private networks; "
        "for the simulator, or where Vinacles is in your own network.",
        yes_or_no,
        False,
    ),
    Setting(
        "connect_timeout_seconds",
        "3",
        "Longest wait for a connection to Vinacles, and for the name server before it.",
        seconds(60),
        3.0,
    ),
    Setting(
        "read_timeout_seconds",
        "10",
        "Longest silence of Vinacles within one answer.",
        seconds(240),
        10.0,
    ),
    Setting(
        "interactive_deadline_seconds",
        "20",
        "How long an import or refresh that a person waits for may take in all, retries included.",
        seconds(120),
        20.0,
    ),
    Setting(
        "interactive_threads",
        "16",
        "Imports that one interactive worker does at the same time.",
        whole(1, 200),
        16,
    ),
    Setting(
        "slice_seconds",
        "20",
        "How long a worker refreshes one dealer in bulk before it is the next one's turn; "
        "also the longest that one page of workorders may take.",
        seconds(60),
        20.0,
    ),
    Setting(
        "database_pool_size",
        "20",
        "PostgreSQL connections that one worker process may hold; at least its threads.",
        whole(1, 200),
        20,
    ),
    Setting(
        "visibility_timeout_seconds",
        "900",
        "After how long the queue gives unacknowledged bulk work to another worker; "
        "longer than the longest task.",
        whole(60, 86_400),
        900,
    ),
    Setting(
        "largest_message_kib",
        "64",
        "Largest message that a worker takes from a queue, in KiB; larger ones are dropped unread.",
        whole(1, 16_384),
        64,
    ),
    Setting(
        "largest_answer_mib",
        "16",
        "Largest answer that is taken from Vinacles, in MiB unpacked; all pages of one question together may "
        "have twice as much. 500 workorders have about 1.",
        whole(1, 1_024),
        16,
    ),
    Setting(
        "look_at_columns_hours",
        "24",
        "Every how many hours what a dealer's Vinacles lists of its columns is compared with our mapping; "
        "0 is never.",
        whole(0, 8_760),
        24,
    ),
    Setting(
        "log_level",
        "info",
        "info, warning or error; what libraries say below that may hold what was typed.",
        choice("info", "warning", "error"),
        "info",
    ),
    Setting(
        "log_format",
        "json",
        "json (one event per line), console (for people), or auto (console on a terminal).",
        choice("json", "console", "auto"),
        "auto",
    ),
    _kept("attempts", 90, "the record of each import and why it ended so"),
    _kept("changes", 365, "the history of what imports changed"),
    _kept("runs", 90, "finished bulk refreshes"),
    _kept("early_starts", 365, "starts of work on workorders that were never imported"),
    _kept("requests", 30, "requests that were written as rows, counted from their answer"),
    _kept("quarantine", 365, "what could not be imported, counted from when it was last read so"),
    _kept("contacts", 0, "the people of a workorder, counted from its appointment"),
    Setting(
        "health_path",
        "/tmp/health",  # noqa: S108  in a container, where nobody else is
        "Where a worker or beat writes its pulse for `twodrive-health`; one file for each program.",
        new_file,
        "",
    ),
    Setting(
        "sentry_dsn",
        "https://key@sentry.example/1",
        "Where incidents are sent: defects and what an operator must mend, without personal data; "
        "needs twodrive-claire[sentry].",
        sentry_dsn,
        "",
    ),
)
