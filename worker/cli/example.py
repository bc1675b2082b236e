"""The text of .env.example, made from the table of settings."""

from worker.setting_kinds import Setting
from worker.settings import SETTINGS

_INTRODUCTION = """\
# All settings. Made by `python docs/generate_env.py` from worker/settings.py; edit that.
# Copy this file to .env and fill it in. What is commented out is optional, shown with its default.
# Each can be a file instead: TWODRIVE_SECRET_KEYS_FILE=/run/secrets/secret_keys. A file wins, so with
# docker-compose.yml, which gives the required ones as the files of docker/new-secrets, .env may hold the
# optional ones alone, or be absent.
"""


def render() -> str:
    """The text of .env.example: each setting with its purpose."""
    return "\n".join([_INTRODUCTION, *map(_entry, SETTINGS)])


def _entry(setting: Setting) -> str:
    return f"# {setting.purpose}\n{_line(setting)}\n"


def _line(setting: Setting) -> str:
    if setting.required:
        return f"{setting.variable}={setting.example}"
    return f"# {setting.variable}={_said(setting.default)}"


def _said(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
