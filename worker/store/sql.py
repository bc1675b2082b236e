"""Statements as SQLAlchemy takes them, each taken apart once."""

from functools import lru_cache

import sqlalchemy
from sqlalchemy import TextClause


@lru_cache(maxsize=256)
def text(statement: str) -> TextClause:
    """`sqlalchemy.text`, which looks for the parameters anew at each call; for a constant statement. What it
    gives is shared: nobody changes it."""
    return sqlalchemy.text(statement)
