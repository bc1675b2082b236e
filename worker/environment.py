"""The settings, read once from the environment (and from `.env` in the current folder).

Each can also be given as a file: `TWODRIVE_SECRET_KEYS_FILE=/run/secrets/keys`. Wrong and missing ones are
reported together, each with an example.
"""

import os
from collections.abc import Mapping
from typing import Any

from environs import EnvValidationError, FileAwareEnv

from schemas.dealer import Secret
from worker.errors import ConfigurationError, ErrorCode
from worker.setting_kinds import PREFIX
from worker.settings import SETTINGS, Settings
from worker.telemetry.wanted import wants_traces
from worker.tls import verified_postgres, verified_rabbitmq, verified_redis


def load() -> Settings:
    """Read and check everything. Raises `ConfigurationError` that lists every wrong or missing variable."""
    env = FileAwareEnv(eager=False, prefix=PREFIX, strip_whitespace=True)
    env.read_env(".env", recurse=False)
    values = {
        setting.name: setting.read(env, setting.name.upper(), **setting.default_argument)
        for setting in SETTINGS
    }
    try:
        env.seal()
    except EnvValidationError as error:
        problems: dict[str, Any] = dict(error.error_messages)  # type: ignore[arg-type]  # always a mapping
        raise ConfigurationError(
            ErrorCode.CONFIGURATION,
            f"{len(problems)} setting(s) are missing or wrong:\n{_report(problems)}\n",
            "Set them in the environment or in .env; .env.example has all of them.",
        ) from None
    return Settings(**_verified(values))


def _verified(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with URLs that also say how a server must prove itself."""
    bundle = values["service_ca_bundle"]
    database = verified_postgres(values["database_url"].reveal(), bundle)
    redis = {
        name: Secret(verified_redis(values[name].reveal(), bundle))
        for name in ("broker_url", "result_url", "state_url")
    }
    return {
        **values,
        **redis,
        "database_url": Secret(database),
        "broker_tls": verified_rabbitmq(values["broker_url"].reveal(), bundle),
        "traces": wants_traces(os.environ),
    }


def _report(problems: Mapping[str, Any]) -> str:
    lines = []
    for setting in SETTINGS:
        problem = problems.get(setting.variable)
        if problem:
            texts = problem if isinstance(problem, list) else [problem]
            lines.append(f"  {setting.variable}: {' '.join(_plain(str(text)) for text in texts)}")
            lines.append(f"      {setting.purpose}\n      for example {setting.variable}={setting.example}")
    return "\n".join(lines)


def _plain(problem: str) -> str:
    return "is not set" if problem == "Environment variable not set." else problem
