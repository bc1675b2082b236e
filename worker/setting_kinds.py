"""What a setting is, and how settings are read and checked, by kind.

Each reader takes the environment and the variable's name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from environs import FileAwareEnv
from marshmallow import ValidationError, validate

from schemas.dealer import Secret
from worker.telemetry.wanted import installed, is_dsn

PREFIX = "TWODRIVE_"
_REQUIRED: Any = object()
Reader = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: its name without prefix, an example, what it is for, and how it is read."""

    name: str
    example: str
    purpose: str
    read: Reader
    default: Any = _REQUIRED

    @property
    def required(self) -> bool:
        return self.default is _REQUIRED

    @property
    def default_argument(self) -> dict[str, Any]:
        return {} if self.required else {"default": self.default}

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.name.upper()}"


def secret_url(*schemes: str) -> Reader:
    def check(value: str) -> None:
        if value.split("://", 1)[0] not in schemes or "://" not in value:
            raise ValidationError(f"must start with {' or '.join(f'{s}://' for s in schemes)}")

    return lambda env, name, **default: Secret(env.str(name, validate=check, **default))


def sentry_dsn(env: FileAwareEnv, name: str, **default: Any) -> Secret | None:
    def check(value: str) -> None:
        if not value:
            return
        if not is_dsn(value):
            raise ValidationError("must be a DSN as Sentry shows it, https://key@host/number")
        if not installed("sentry_sdk"):
            raise ValidationError(
                "needs what is not installed: pip install 'twodrive-claire[sentry]', or leave it out"
            )

    value = env.str(name, validate=check, **default)
    return Secret(value) if value else None


def keys(env: FileAwareEnv, name: str, **default: Any) -> tuple[Secret, ...]:
    def check(keys: list[str]) -> None:
        try:
            for key in keys:
                Fernet(key)
        except ValueError:
            raise ValidationError(
                "must be keys made by `twodrive config new-key`, separated by commas"
            ) from None
        if not keys:
            raise ValidationError("at least one key is needed")

    return tuple(Secret(key) for key in env.list(name, validate=check, **default) or ())


def seconds(most: float) -> Reader:
    allowed = validate.Range(min=0, max=most, min_inclusive=False)
    return lambda env, name, **default: env.float(name, validate=allowed, **default)


def whole(least: int, most: int) -> Reader:
    return lambda env, name, **default: env.int(name, validate=validate.Range(least, most), **default)


def choice(*choices: str) -> Reader:
    return lambda env, name, **default: env.str(name, validate=validate.OneOf(choices), **default)


def yes_or_no(env: FileAwareEnv, name: str, **default: Any) -> Any:
    return env.bool(name, **default)


def file(env: FileAwareEnv, name: str, **default: Any) -> Any:
    def check(path: str) -> None:
        if path and not Path(path).is_file():
            raise ValidationError("must be an existing file")

    return env.str(name, validate=check, **default) or None


def new_file(env: FileAwareEnv, name: str, **default: Any) -> Any:
    def check(path: str) -> None:
        if path and not Path(path).parent.is_dir():
            raise ValidationError("must be a file in an existing folder")

    path = env.str(name, validate=check, **default)
    return Path(path) if path else None
