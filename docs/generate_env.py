"""Write .env.example from the table of settings.

python docs/generate_env.py
"""

from pathlib import Path

from worker.cli.example import render

__all__ = ["EXAMPLE", "render"]

EXAMPLE = Path(__file__).resolve().parents[1] / ".env.example"

if __name__ == "__main__":
    EXAMPLE.write_text(render())
