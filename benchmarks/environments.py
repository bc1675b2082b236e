"""Environments for what is compared with but no dependency of ours, made at the first use.

They lie beside the project's own `.venv`, where Git ignores them.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def with_dlt() -> str:
    """An interpreter with dlt alone."""
    return str(_made(_ROOT / ".venv-dlt", "dlt[postgres]>=1.31,<2"))


def with_gevent() -> str:
    """An interpreter with all that ours has, and gevent beside it."""
    python = _made(_ROOT / ".venv-gevent", "gevent>=25", "psycogreen>=1.0")
    [packages] = python.parents[1].glob("lib/python*/site-packages")
    ours = sysconfig.get_path("purelib")
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return str(python)


def _made(folder: Path, *packages: str) -> Path:
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    if stamp.exists():
        return python
    print(f"Making {folder.name} with {', '.join(packages)}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    subprocess.run(install, check=True)
    stamp.touch()
    return python
