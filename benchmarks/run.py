"""All benchmarks, each beside its reference. Exits 1 when a limit is not kept.

`python benchmarks/run.py [decisions] [openings] [start_up]`; all of them when none is named.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import decisions, openings, start_up
from benchmarks.timing import Comparison, render

BENCHMARKS: Mapping[str, Callable[[], list[Comparison]]] = {
    "decisions": lambda: [decisions.measure()],
    "openings": openings.measure,
    "start_up": start_up.measure,
}


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark is called {unknown[0]!r}: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    busy_before = os.getloadavg()[0]
    comparisons = [one for name in names or BENCHMARKS for one in BENCHMARKS[name]()]
    print(_machine(busy_before))
    print(render(comparisons))
    return 0 if all(one.kept for one in comparisons) else 1


def _machine(busy_before: float) -> str:
    """On a machine that had more to do than it has cores, only the ratios say something."""
    load = f"load {busy_before:.1f} before and {os.getloadavg()[0]:.1f} after on {os.cpu_count()} cores"
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {load}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
