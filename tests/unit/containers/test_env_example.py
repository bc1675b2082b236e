""".env.example is the table of settings, and works."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet
from dotenv import dotenv_values

from docs.generate_env import EXAMPLE, render
from worker.settings import SETTINGS


def _uncommented(text: str) -> str:
    return re.sub(r"^# (?=TWODRIVE_)", "", text, flags=re.MULTILINE)


def _values(text: str) -> Mapping[str, str | None]:
    return dotenv_values(stream=io.StringIO(text), interpolate=False)


def _configured(folder: Path, text: str) -> dict[str, str]:
    """What the program makes of `text` as its .env: variable → value, secrets masked."""
    folder.mkdir()
    (folder / ".env").write_text(text)
    shown = subprocess.run(
        [str(Path(sys.executable).with_name("twodrive")), "config", "show", "--json"],
        cwd=folder,
        env={"PATH": os.defpath},
        check=True,
        capture_output=True,
        text=True,
    )
    return {variable: told["value"] for variable, told in json.loads(shown.stdout).items()}


def test_it_is_current() -> None:
    assert EXAMPLE.read_text() == render(), "run: python docs/generate_env.py"


def test_required_ones_are_set_to_their_examples() -> None:
    required = {setting.variable: setting.example for setting in SETTINGS if setting.required}
    assert _values(render()) == required


def test_all_are_there_in_order() -> None:
    assert list(_values(_uncommented(render()))) == [setting.variable for setting in SETTINGS]


def test_what_is_commented_out_is_the_default(tmp_path: Path) -> None:
    example = next(setting.example for setting in SETTINGS if setting.name == "secret_keys")
    filled_in = render().replace(example, Fernet.generate_key().decode())
    required = _configured(tmp_path / "required", filled_in)
    assert _configured(tmp_path / "all", _uncommented(filled_in)) == required
    assert set(required) == {setting.variable for setting in SETTINGS}
