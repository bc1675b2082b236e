"""The command line `twodrive`."""

from worker.cli.program import main

__all__ = ["main"]
