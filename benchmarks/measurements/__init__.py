"""One module per measurement. To add one, add a module with

- a docstring, whose first line is its title,
- `measure(options: Options) -> Found`,
- where its place among the others matters, `PLACE`, a number (100 otherwise).

`python -m benchmarks` finds it by itself, and writes what it found between `<!-- measured NAME -->` and
`<!-- /measured NAME -->` of docs/performance.md.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from benchmarks.found import Found, Options


@dataclass(frozen=True, slots=True)
class Measurement:
    name: str
    title: str
    place: int
    measure: Callable[[Options], Found]


def all_of_them() -> list[Measurement]:
    """In the order in which they are made."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    found = [_measurement(name, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return sorted(found, key=lambda one: (one.place, one.name))


def _measurement(name: str, module: ModuleType) -> Measurement:
    title = (module.__doc__ or name).strip().splitlines()[0].rstrip(".")
    return Measurement(name, title, getattr(module, "PLACE", 100), module.measure)
